# SPDX-License-Identifier: BSD-2-Clause
# What `make install` installs besides the program, and the Debian package of it: `cpack` in the build directory, or
# scripts/package.sh. Dependencies are found by dpkg-shlibdeps.
set(here ${PROJECT_SOURCE_DIR}/deploy)

# The unit contains paths below the prefix, which is known only at installation.
install(CODE "
    file(READ \"${here}/systemd/gunicorn-bpf-exporter.service\" unit)
    string(REPLACE /usr/ \"\${CMAKE_INSTALL_PREFIX}/\" unit \"\${unit}\")
    file(WRITE \"${PROJECT_BINARY_DIR}/systemd/gunicorn-bpf-exporter.service\" \"\${unit}\")
    file(INSTALL \"${PROJECT_BINARY_DIR}/systemd/gunicorn-bpf-exporter.service\"
         DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")")
install(FILES ${here}/systemd/gunicorn-bpf-exporter.default DESTINATION /etc/default RENAME gunicorn-bpf-exporter)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
# The unit, the rules and README.md refer to these pages.
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
install(FILES ${here}/prometheus/prometheus.yml ${here}/prometheus/gunicorn.rules.yml
              ${here}/grafana/gunicorn.json ${here}/grafana/gunicorn-workers.json DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

install(FILES ${here}/debian/lintian-overrides DESTINATION share/lintian/overrides RENAME gunicorn-bpf-exporter)

# Debian's own format of the changelog, compressed reproducibly.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/debian/changelog CONTENT
"${PROJECT_NAME} (${PROJECT_VERSION}) unstable; urgency=medium

  * What changed is in the project's CHANGELOG.md.

 -- gunicorn-bpf-exporter <gunicorn-bpf-exporter@localhost>  Thu, 01 Jan 2026 00:00:00 +0000
")
execute_process(COMMAND gzip -9 --no-name --force --keep ${PROJECT_BINARY_DIR}/debian/changelog COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${PROJECT_BINARY_DIR}/debian/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ${PROJECT_NAME})
set(CPACK_PACKAGE_CONTACT "gunicorn-bpf-exporter <gunicorn-bpf-exporter@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Prometheus exporter for Gunicorn, based on eBPF")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Observes every Gunicorn on a host, or selected ones, with eBPF and without
instrumenting the application: exact requests, errors with their exceptions,
durations, queues, restarts, memory and CPU per worker.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${here}/debian/conffiles ${here}/debian/postinst ${here}/debian/prerm ${here}/debian/postrm)
include(CPack)
