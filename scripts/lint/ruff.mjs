// SPDX-License-Identifier: BSD-2-Clause
// Checks Python files with Ruff: ruff.mjs FOLDER-OF-PACKAGES CONFIGURATION FILE…
// Debian 12 has no package of Ruff, and what npm has is its WebAssembly build, which is a library.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [packages, configuration, ...files] = process.argv.slice(2);
const require = createRequire(`${packages}/`);
const { PositionEncoding, Workspace } = require("@astral-sh/ruff-wasm-nodejs");
const { parse } = require("smol-toml");

const workspace = new Workspace(parse(readFileSync(configuration, "utf8")), PositionEncoding.Utf32);
let found = 0;
for (const file of files) {
    for (const { code, message, start_location: at } of workspace.check(readFileSync(file, "utf8"))) {
        console.log(`${file}:${at.row}:${at.column}: ${code ?? "syntax"} ${message}`);
        found++;
    }
}
process.exit(found ? 1 : 0);
