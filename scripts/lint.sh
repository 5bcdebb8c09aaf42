#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Checks the source tree. Without options: formatting, shell scripts, Python and JavaScript, in some seconds.
#   --fix            formats C and C++ in place
#   --tidy-changed   clang-tidy on the C++ files that differ from the main branch, or else that the last commit changed; on 24 of them
#                    at most, since one takes up to 20 seconds of processor time
#   --tidy-all       clang-tidy on all of them
#   FILE…            what the first form checks, but these files only; pre-commit calls it so
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "lint: $*" >&2
    exit 1
}

files() { # pattern…: tracked files, and new ones that are not ignored; in an archive without git, all but builds
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do [[ ! -f $file ]] || echo "$file"; done | sort -u
    else
        local -a names=()
        local pattern
        for pattern in "$@"; do names+=(-o -path "./${pattern}"); done
        find . -path './build*' -prune -o \( "${names[@]:1}" \) -type f -print | sed 's|^\./||' | sort
    fi
}

# Linters that come from npm, as the lock file pins them; installed again only when that changes.
npm_linters() {
    local folder=$PWD/build-lint pinned
    pinned=$(sha256sum scripts/lint/package-lock.json | cut -c 1-16)
    if [[ ! -e $folder/$pinned ]]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        cp scripts/lint/package.json scripts/lint/package-lock.json "$folder"
        (cd "$folder" && npm ci --prefer-offline --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error) >&2 ||
            fail "npm could not install what scripts/lint/package-lock.json says"
        touch "$folder/$pinned"
    fi
    echo "$folder"
}

c_files() { files 'bpf/*.h' 'bpf/*.c' 'include/*.h' 'userspace/*.h' 'userspace/*.cpp' 'tests/unit/*.c' 'tests/*.h' 'tests/*.cpp'; }

shell_files() {
    files '*.sh' '.ci/run' 'deploy/debian/p*' | grep -v '\.cmake$'
}

only() { # file…: passes on those lines of the input that are among these; all of them if there are none
    if (($#)); then grep -Fxf <(printf '%s\n' "$@") || true; else cat; fi
}

check() { # file…
    local -a c shell python javascript
    local packages result=0
    mapfile -t c < <(c_files | only "$@")
    mapfile -t shell < <(shell_files | only "$@")
    mapfile -t python < <(files '*.py' | only "$@")
    mapfile -t javascript < <(files '*.js' '*.mjs' | only "$@")
    ((${#c[@]} == 0)) || clang-format-19 --dry-run -Werror "${c[@]}" || result=1
    ((${#shell[@]} == 0)) || shellcheck --external-sources "${shell[@]}" || result=1
    if ((${#python[@]} + ${#javascript[@]})); then
        packages=$(npm_linters)
        ((${#python[@]} == 0)) || node scripts/lint/ruff.mjs "$packages" ruff.toml "${python[@]}" || result=1
        ((${#javascript[@]} == 0)) || node "$packages/node_modules/eslint/bin/eslint.js" "${javascript[@]}" || result=1
    fi
    return "$result"
}

# C++ that the compilation database of build/ can describe: BPF programs and the fuzz targets are built in their own ways.
tidy_files() {
    files 'userspace/*.cpp' 'tests/*.cpp' | grep -v '^tests/fuzz/'
}

changed_files() {
    local base
    base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || true)
    [[ -n $base && $base != "$(git rev-parse HEAD)" ]] || base=$(git rev-parse --verify --quiet HEAD~1) || return 0
    git diff --name-only --diff-filter=d "$base" -- '*.cpp'
    git ls-files --others --exclude-standard -- '*.cpp'
}

# A database of its own, which names each file, and without precompiled headers: GCC's are of no use to clang.
tidy() {
    [[ -n $1 ]] || { echo "lint: no C++ file to check" && return 0; }
    cmake --preset release -B build-tidy -DCMAKE_UNITY_BUILD=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
    cmake --build build-tidy --target gunicorn_probes_header gunicorn_probes_without_bpf_loop_header bench_probes_header
    xargs --no-run-if-empty --max-procs="$(nproc)" --max-args=1 clang-tidy-19 -p build-tidy --quiet <<<"$1"
}

case "${1-}" in
--fix) c_files | xargs clang-format-19 -i ;;
--tidy-all) tidy "$(tidy_files)" ;;
--tidy-changed) tidy "$(comm -12 <(tidy_files) <(changed_files | sort -u) | head -n 24)" ;;
-*) echo "usage: lint.sh [--fix | --tidy-changed | --tidy-all | FILE…]" >&2 && exit 2 ;;
*) check "$@" ;;
esac
