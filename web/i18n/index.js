/** The texts of the page in the language of the browser: one file a language, of which one is loaded. */

import { times } from "../text/time.js";

/** @typedef {string | {one: string, other: string}} Text `{name}` stands for a value; `n` chooses the form */
/** @typedef {Record<string, Text>} Texts */

/** @type {Record<string, () => Promise<{texts: Texts}>>} */
const LANGUAGES = { en: () => import("./en.js"), it: () => import("./it.js") };

/** The first language that is there, or English. @param {readonly string[]} wanted */
export function pick(wanted) {
    for (const tag of wanted) {
        const language = tag.toLowerCase().split("-")[0] ?? "";
        if (Object.hasOwn(LANGUAGES, language)) return language;
    }
    return "en";
}

/** @param {string} language @param {Texts} texts */
export function translator(language, texts) {
    const plurals = new Intl.PluralRules(language);
    const numbers = new Intl.NumberFormat(language);

    /** @param {string} key @param {Record<string, string | number>} [values] */
    return (key, values = {}) => {
        const text = texts[key];
        if (text === undefined) throw new RangeError(`no text for ${key}`);
        const form = typeof text === "string" ? text : text[plurals.select(Number(values.n)) === "one" ? "one" : "other"];
        return form.replace(/\{(\w+)\}/g, (_, name) => {
            const value = values[name];
            if (value === undefined) throw new RangeError(`${key} wants ${name}`);
            return typeof value === "number" ? numbers.format(value) : value;
        });
    };
}

const wanted = globalThis.navigator?.languages ?? ["en"];
export const language = pick(wanted);
const load = /** @type {() => Promise<{texts: Texts}>} */ (LANGUAGES[language]);
export const t = translator(language, (await load()).texts);
/** Times and numbers as in the region that the browser names. */
export const time = times(wanted.find((tag) => tag.toLowerCase().startsWith(language)) ?? language);
