/**
 * The loaded messages of one conversation. Pure functions.
 *
 * Message numbers are dense, so a conversation is divided into chunks, some of which are loaded. Those farthest from
 * the reader are evicted, so memory is bounded by `MAX_CHUNKS` whatever the length.
 *
 * @typedef {import("../sdk/frames.js").Message} Message
 * @typedef {{last: number, chunks: ReadonlyMap<number, ReadonlyArray<Message | undefined>>, known: boolean}} Thread
 *     `last`: the number of the newest message; `known`: it is from the server
 */

export const CHUNK = 50;
/** 2,000 messages: many screens in each direction. */
export const MAX_CHUNKS = 40;

/** @type {Thread} */
export const EMPTY = { last: 0, chunks: new Map(), known: false };

/** @param {number} n */
export const chunkOf = (n) => Math.floor((n - 1) / CHUNK);

/**
 * @param {Thread} thread
 * @param {number} n
 */
export function messageAt(thread, n) {
    return thread.chunks.get(chunkOf(n))?.[(n - 1) % CHUNK];
}

/**
 * Merge messages, and evict chunks far from the last of them.
 *
 * @param {Thread} thread
 * @param {readonly Message[]} messages
 * @param {number} [last] the newest number, from the server
 * @returns {Thread}
 */
export function mergeMessages(thread, messages, last = 0) {
    /** @type {Map<number, (Message | undefined)[]>} */
    const changed = new Map();
    let newest = Math.max(thread.last, last);
    for (const message of messages) {
        const chunk = chunkOf(message.n);
        const copy = changed.get(chunk) ?? [...(thread.chunks.get(chunk) ?? [])];
        copy[(message.n - 1) % CHUNK] = message;
        changed.set(chunk, copy);
        newest = Math.max(newest, message.n);
    }
    const chunks = new Map([...thread.chunks, ...changed]);
    const near = messages.length > 0 ? chunkOf(messages[messages.length - 1].n) : 0;
    return { last: newest, chunks: trim(chunks, near), known: thread.known };
}

/**
 * @param {Map<number, ReadonlyArray<Message | undefined>>} chunks
 * @param {number} near
 */
function trim(chunks, near) {
    if (chunks.size <= MAX_CHUNKS) return chunks;
    const nearest = [...chunks].sort(([one], [other]) => Math.abs(one - near) - Math.abs(other - near));
    return new Map(nearest.slice(0, MAX_CHUNKS));
}

/**
 * The chunks between two numbers that are not loaded.
 *
 * @param {Thread} thread
 * @param {number} from
 * @param {number} to
 * @returns {number[]}
 */
export function missingChunks(thread, from, to) {
    const wanted = [];
    const first = Math.max(1, from);
    const last = Math.min(thread.last, to);
    for (let chunk = chunkOf(first); chunk <= chunkOf(last) && first <= last; chunk += 1) {
        const start = Math.max(first, chunk * CHUNK + 1);
        const end = Math.min(last, (chunk + 1) * CHUNK);
        for (let n = start; n <= end; n += 1) {
            if (!messageAt(thread, n)) {
                wanted.push(chunk);
                break;
            }
        }
    }
    return wanted;
}

/**
 * How many messages of the peer follow `read`; those not loaded count as the peer's.
 *
 * @param {Thread} thread
 * @param {string} peer
 * @param {number} read
 */
export function unreadAfter(thread, peer, read) {
    let count = 0;
    for (let n = thread.last; n > read && n > thread.last - CHUNK * MAX_CHUNKS; n -= 1) {
        const message = messageAt(thread, n);
        if (!message || message.from === peer) count += 1;
    }
    return count;
}
