/** Compare the syntax trees of the scripts in two folders, token by token, as the TypeScript compiler parses them. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const [, , left, right] = process.argv;

/** The kind of every node and the text of every token, without comments and white space. */
function tree(path) {
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
    if (source.parseDiagnostics.length > 0) throw new Error(`${path}: ${source.parseDiagnostics[0].messageText}`);
    const found = [];
    const visit = (node) => {
        const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child));
        const kind = ts.SyntaxKind[node.kind];
        found.push(children.length > 0 ? `${kind} of ${children.length}` : `${kind} ${node.getText(source)}`);
        children.forEach(visit);
    };
    ts.forEachChild(source, visit);
    return found;
}

const files = readdirSync(left, { recursive: true }).filter((name) => name.endsWith(".js"));
if (files.length < 20) throw new Error(`only ${files.length} scripts`);
for (const file of files) {
    const [wanted, found] = [tree(join(left, file)), tree(join(right, file))];
    const at = wanted.findIndex((node, index) => node !== found[index]);
    if (at !== -1) throw new Error(`${file}: ${wanted[at]} has become ${found[at]}`);
    if (wanted.length !== found.length) throw new Error(`${file}: ${found[wanted.length]} was not there`);
}
