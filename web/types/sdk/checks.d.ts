/**
 * An object with every field of `shape`. Other fields are allowed.
 *
 * @param {Record<string, Check>} shape
 * @returns {Check}
 */
export function object(shape: Record<string, Check>): Check;
/** Predicates that validate values from the network. `frames.js` composes them. */
/** @typedef {(value: unknown) => boolean} Check */
/** @type {Check} */
export const anything: Check;
/** @type {Check} */
export const string: Check;
/** @type {Check} */
export const boolean: Check;
/** @type {Check} */
export const number: Check;
/** @type {(value: unknown) => value is number} */
export const integer: (value: unknown) => value is number;
/** @type {(value: unknown) => value is number} */
export const natural: (value: unknown) => value is number;
/** @type {(...words: string[]) => Check} */
export const oneOf: (...words: string[]) => Check;
/** @type {(check: Check) => Check} */
export const nullable: (check: Check) => Check;
/** @type {(check: Check) => Check} */
export const optional: (check: Check) => Check;
/** @type {(check: Check) => Check} */
export const listOf: (check: Check) => Check;
export type Check = (value: unknown) => boolean;
