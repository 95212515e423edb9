/** Compare the scripts of two folders, without comments, as printed by the TypeScript compiler. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const [, , left, right] = process.argv;

function printed(path) {
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS);
    return ts.createPrinter({ removeComments: true }).printFile(source);
}

const files = readdirSync(left, { recursive: true }).filter((name) => name.endsWith(".js"));
if (files.length < 20) throw new Error(`only ${files.length} scripts`);
for (const file of files) {
    if (printed(join(left, file)) !== printed(join(right, file))) throw new Error(`${file} differs without its comments`);
}
