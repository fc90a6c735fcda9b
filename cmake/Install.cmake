# SPDX-License-Identifier: Apache-2.0
# What is installed besides the targets, which install themselves where they are made.
file(GLOB pages_1 CONFIGURE_DEPENDS docs/man/*.1)
file(GLOB pages_3 CONFIGURE_DEPENDS docs/man/*.3)
file(GLOB pages_5 CONFIGURE_DEPENDS docs/man/*.5)
file(GLOB pages_8 CONFIGURE_DEPENDS docs/man/*.8)
install(FILES ${pages_3} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
if(TIGRESS_BUILD_CLI)
    install(FILES ${pages_1} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES packaging/tigress.bash RENAME tigress
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()
if(TIGRESS_BUILD_RELAY)
    install(FILES ${pages_5} DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
    install(FILES ${pages_8} DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
    install(FILES packaging/tigressd.conf DESTINATION ${CMAKE_INSTALL_DOCDIR})
    install(FILES packaging/tigressd.service DESTINATION lib/systemd/system)
    install(FILES packaging/tigressd.bash RENAME tigressd
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()
