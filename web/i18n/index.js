/** The texts of the page in the language of the browser. */

import { times } from "../text/time.js";
import { en } from "./en.js";
import { it } from "./it.js";

/** @typedef {string | {one: string, other: string}} Text `{name}` stands for a value; `n` chooses the form */
/** @typedef {Record<string, Text>} Texts */

/** @type {Record<string, Texts>} */
const LANGUAGES = { en, it };

/** @param {readonly string[]} wanted */
export function pick(wanted) {
    for (const tag of wanted) {
        const language = tag.toLowerCase().split("-")[0] ?? "";
        if (Object.hasOwn(LANGUAGES, language)) return language;
    }
    return "en";
}

/** @param {string} language */
export function translator(language) {
    const texts = LANGUAGES[language] ?? en;
    const plurals = new Intl.PluralRules(language);
    const numbers = new Intl.NumberFormat(language);

    /** @param {string} key @param {Record<string, string | number>} [values] */
    return (key, values = {}) => {
        const text = texts[key] ?? en[key];
        if (text === undefined) throw new RangeError(`no text for ${key}`);
        const form = typeof text === "string" ? text : text[plurals.select(Number(values.n)) === "one" ? "one" : "other"];
        return form.replace(/\{(\w+)\}/g, (_, name) => {
            const value = values[name] ?? "";
            return typeof value === "number" ? numbers.format(value) : value;
        });
    };
}

const wanted = globalThis.navigator?.languages ?? ["en"];
export const language = pick(wanted);
/** The tag for times and numbers: the region of the browser counts there. */
export const locale = wanted.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
export const t = translator(language);
export const time = times(locale);
