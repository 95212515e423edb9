/** Localised texts: one file per language, of which one is loaded. */

import { times } from "../text/time.js";

/** @typedef {string | {one: string, other: string}} Text `{name}` is a placeholder; `n` selects the plural form */
/** @typedef {Record<string, Text>} Texts */

/** @type {Record<string, () => Promise<{texts: Texts}>>} */
const LANGUAGES = { en: () => import("./en.js"), it: () => import("./it.js") };

/** The first supported language, or English. @param {readonly string[]} wanted */
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
        if (text === undefined) throw new RangeError(`no text ${key}`);
        const form = typeof text === "string" ? text : text[plurals.select(Number(values.n)) === "one" ? "one" : "other"];
        return form.replace(/\{(\w+)\}/g, (_, name) => {
            const value = values[name];
            if (value === undefined) throw new RangeError(`${key} needs ${name}`);
            return typeof value === "number" ? numbers.format(value) : value;
        });
    };
}

const wanted = globalThis.navigator?.languages ?? ["en"];
export const language = pick(wanted);
const load = /** @type {() => Promise<{texts: Texts}>} */ (LANGUAGES[language]);
export const t = translator(language, (await load()).texts);
/** Formatters for the browser's region. */
export const time = times(wanted.find((tag) => tag.toLowerCase().startsWith(language)) ?? language);
