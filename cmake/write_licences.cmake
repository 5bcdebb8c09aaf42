# SPDX-License-Identifier: BSD-2-Clause
# OUTPUT: the file to write. FOLDER: node_modules. PACKAGES: whose licences.
set(text "This program contains the following works of others.\n")
foreach(package ${PACKAGES})
    file(READ ${FOLDER}/${package}/package.json about)
    string(JSON version GET "${about}" version)
    file(READ ${FOLDER}/${package}/LICENSE licence)
    string(APPEND text "\n==== ${package} ${version}\n\n${licence}")
endforeach()
file(WRITE ${OUTPUT} "${text}")
