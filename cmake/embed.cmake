# SPDX-License-Identifier: Apache-2.0
# Writes the pictures of src/relay/file/pictures as C: cmake -DFOLDER=... -DOUT=... -P embed.cmake
set(text "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by cmake/embed.cmake. */\n#include \"relay/file/pictures.h\"\n")

function(embed name file)
    file(READ ${FOLDER}/${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    set(text "${text}\nstatic const uint8_t ${name}_bytes[] = {${bytes}};\n" PARENT_SCOPE)
endfunction()

set(rows "")
foreach(name general car home hotel)
    embed(${name} ${name}.png)
    string(TOUPPER ${name} upper)
    string(APPEND rows "    [TG_PICTURE_${upper}] = { ${name}_bytes, sizeof(${name}_bytes) },\n")
endforeach()
embed(icon icon.ico)
string(APPEND text "\nconst struct tg_bytes tg_pictures[TG_PICTURE_COUNT] = {\n${rows}};\n"
    "const struct tg_bytes tg_picture_icon = { icon_bytes, sizeof(icon_bytes) };\n")
file(WRITE ${OUT} "${text}")
