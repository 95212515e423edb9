/** DOM helpers. Text is never parsed as markup. */

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {{[name: string]: any, onclick?: (event: MouseEvent) => void, onkeydown?: (event: KeyboardEvent) => void,
 *     oninput?: (event: Event) => void, onsubmit?: (event: SubmitEvent) => void}} Props
 */

/**
 * Create an element. `on…` are listeners, everything else is an attribute; null and false are left out.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name === "class") element.className = value;
        else if (name === "value") Object.assign(element, { value });
        else element.setAttribute(name, value === true ? "" : String(value));
    }
    fill(element, ...children);
    return element;
}

/** Replace the children of an element. @param {Element} element @param {...(Child | Child[])} children */
export function fill(element, ...children) {
    const nodes = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
    element.replaceChildren(.../** @type {(Node | string)[]} */ (nodes.map((n) => (typeof n === "number" ? `${n}` : n))));
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/** Set or remove an attribute. @param {Element} element @param {string} name @param {string | number | boolean | null} value */
export function setAttr(element, name, value) {
    if (value === null || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value === true ? "" : value)) {
        element.setAttribute(name, value === true ? "" : String(value));
    }
}

/** @param {HTMLElement} element @param {boolean} shown */
export function setVisible(element, shown) {
    if (element.hidden === shown) element.hidden = !shown;
}

/**
 * Keyed reconciliation of the children of `parent` with `items`. Elements are reused, so focus and position stay.
 *
 * @template T
 * @template {HTMLElement} E
 * @param {HTMLElement} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => E} make
 * @param {(element: E, item: T) => void} patch
 */
export function reconcile(parent, items, key, make, patch) {
    /** @type {Map<string, E>} */
    const before = new Map();
    for (const child of /** @type {any} */ (parent.children)) before.set(child.dataset.key, child);
    /** @type {Element | null} */
    let at = parent.firstElementChild;
    for (const item of items) {
        const name = key(item);
        let element = before.get(name);
        before.delete(name);
        if (!element) {
            element = make(item);
            element.dataset.key = name;
        }
        patch(element, item);
        if (element === at) at = at.nextElementSibling;
        else parent.insertBefore(element, at);
    }
    for (const element of before.values()) element.remove();
}
