// SPDX-License-Identifier: BSD-2-Clause
// The live page, the report and their tests. `scripts/lint.sh` checks with the version that scripts/lint/package.json pins.
// ESLint's recommended rules are named one by one so that this file needs no package beside it.
const browser = ["window", "document", "fetch", "setTimeout", "clearTimeout", "location", "history", "performance", "requestAnimationFrame",
    "AbortController", "AbortSignal", "URL", "URLSearchParams", "ResizeObserver", "Intl", "matchMedia", "getComputedStyle", "console",
    "devicePixelRatio", "localStorage", "navigator", "Blob", "TextDecoder", "addEventListener", "HTMLElement", "Event", "uPlot", "Node",
    "Path2D", "cancelAnimationFrame", "IntersectionObserver", "innerWidth", "innerHeight", "SVGElement", "Element", "Option"];

const rules = ["constructor-super", "for-direction", "getter-return", "no-async-promise-executor", "no-case-declarations",
    "no-class-assign", "no-compare-neg-zero", "no-cond-assign", "no-const-assign", "no-constant-binary-expression", "no-constant-condition",
    "no-control-regex", "no-debugger", "no-delete-var", "no-dupe-args", "no-dupe-class-members", "no-dupe-else-if", "no-dupe-keys",
    "no-duplicate-case", "no-empty", "no-empty-character-class", "no-empty-pattern", "no-ex-assign", "no-fallthrough", "no-func-assign",
    "no-global-assign", "no-import-assign", "no-invalid-regexp", "no-irregular-whitespace", "no-loss-of-precision", "no-new-native-nonconstructor",
    "no-obj-calls", "no-octal", "no-prototype-builtins", "no-redeclare", "no-regex-spaces", "no-self-assign", "no-setter-return",
    "no-sparse-arrays", "no-this-before-super", "no-undef", "no-unexpected-multiline", "no-unreachable", "no-unsafe-finally",
    "no-unsafe-negation", "no-unsafe-optional-chaining", "no-unused-labels", "no-unused-private-class-members", "no-unused-vars",
    "no-useless-backreference", "no-useless-catch", "no-useless-escape", "no-with", "require-yield", "use-isnan", "valid-typeof",
    // Beyond the recommended ones.
    "eqeqeq", "no-var", "prefer-const", "no-implied-eval", "no-eval", "no-new-func", "no-shadow", "no-template-curly-in-string",
    "no-unmodified-loop-condition", "no-use-before-define", "radix"];

export default [
    {
        languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: Object.fromEntries(browser.map((name) => [name, "readonly"])) },
        linterOptions: { reportUnusedDisableDirectives: "error" },
        rules: {
            ...Object.fromEntries(rules.map((name) => [name, "error"])),
            "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
        },
    },
    { files: ["tests/**", "scripts/**"], languageOptions: { globals: { process: "readonly", console: "readonly" } } },
];
