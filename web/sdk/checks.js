/** Predicates that validate values from the network. `frames.js` composes them. */

/** @typedef {(value: unknown) => boolean} Check */

/** @type {Check} */
export const anything = (value) => value !== undefined;
/** @type {Check} */
export const string = (value) => typeof value === "string";
/** @type {Check} */
export const boolean = (value) => typeof value === "boolean";
/** @type {Check} */
export const number = (value) => typeof value === "number";
/** @type {(value: unknown) => value is number} */
export const integer = (value) => Number.isSafeInteger(value);
/** @type {(value: unknown) => value is number} */
export const natural = (value) => integer(value) && value >= 0;
/** @type {(...words: string[]) => Check} */
export const oneOf = (...words) => (value) => words.some((word) => word === value);
/** @type {(check: Check) => Check} */
export const nullable = (check) => (value) => value === null || check(value);
/** @type {(check: Check) => Check} */
export const optional = (check) => (value) => value === undefined || value === null || check(value);
/** @type {(check: Check) => Check} */
export const listOf = (check) => (value) => Array.isArray(value) && value.every(check);

/**
 * An object with every field of `shape`. Other fields are allowed.
 *
 * @param {Record<string, Check>} shape
 * @returns {Check}
 */
export function object(shape) {
    const checks = Object.entries(shape);
    return (value) => {
        if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
        const fields = /** @type {Record<string, unknown>} */ (value);
        return checks.every(([name, check]) => check(Object.hasOwn(fields, name) ? fields[name] : undefined));
    };
}
