/** A store: one state, a pure reducer, and subscribers. */

/**
 * @template S, A
 * @param {(state: S, action: A) => S} reduce
 * @param {S} initial
 */
export function createStore(reduce, initial) {
    let state = initial;
    /** @type {Set<(state: S, action: A) => void>} */
    const listeners = new Set();
    return {
        get: () => state,
        /** @param {A} action */
        dispatch(action) {
            const next = reduce(state, action);
            if (next === state) return;
            state = next;
            for (const listener of [...listeners]) listener(state, action);
        },
        /**
         * @param {(state: S, action: A) => void} listener called after each change
         * @returns {() => void} unsubscribes
         */
        subscribe(listener) {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}

/**
 * A copy of `map` with `key` set. Maps and not objects hold the state: an id may be `__proto__`.
 *
 * @template K, V
 * @param {ReadonlyMap<K, V>} map
 * @param {K} key
 * @param {V} value
 * @returns {Map<K, V>}
 */
export function withEntry(map, key, value) {
    return new Map(map).set(key, value);
}

/**
 * A copy of `map` without `key`.
 *
 * @template K, V
 * @param {ReadonlyMap<K, V>} map
 * @param {K} key
 * @returns {Map<K, V>}
 */
export function withoutEntry(map, key) {
    const copy = new Map(map);
    copy.delete(key);
    return copy;
}
