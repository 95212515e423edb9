/** Finds links in a text. Only http and https URLs are links. */

const ADDRESS = /\bhttps?:\/\/(?!\/)[^\s<>"'`\u0000-\u001f\u202a-\u202e\u2066-\u2069]+|\bwww\.[^\s<>"'`\u0000-\u001f\u202a-\u202e\u2066-\u2069]+\.[^\s<>"'`]+/giu;
const TRAILING = /[.,;:!?…»”’*_~]+$/u;
const PAIRS = new Map([
    [")", "("],
    ["]", "["],
    ["}", "{"],
]);

/**
 * The parts of a text in order: plain text, and links with their URL.
 *
 * @param {string} text
 * @returns {{text: string, href: string | null}[]}
 */
export function parts(text) {
    /** @type {{text: string, href: string | null}[]} */
    const found = [];
    let from = 0;
    for (const match of text.matchAll(ADDRESS)) {
        const shown = trimmed(match[0]);
        const href = address(shown);
        if (!href) continue;
        if (match.index > from) found.push({ text: text.slice(from, match.index), href: null });
        found.push({ text: shown, href });
        from = match.index + shown.length;
    }
    if (from < text.length) found.push({ text: text.slice(from), href: null });
    return found;
}

/** Strip trailing punctuation. @param {string} shown */
function trimmed(shown) {
    for (;;) {
        const shorter = shown.replace(TRAILING, "");
        const last = shorter.at(-1) ?? "";
        const opening = PAIRS.get(last);
        const unpaired = opening !== undefined && shorter.split(opening).length < shorter.split(last).length;
        const next = unpaired ? shorter.slice(0, -1) : shorter;
        if (next === shown) return shown;
        shown = next;
    }
}

/** @param {string} shown */
function address(shown) {
    try {
        const url = new URL(shown.toLowerCase().startsWith("www.") ? `https://${shown}` : shown);
        // User info before an @ makes a URL look like another site.
        const honest = (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.password;
        return honest && url.hostname ? url.href : null;
    } catch {
        return null;
    }
}
