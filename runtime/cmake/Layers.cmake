# ep_layer(NAME DIR dir [ALSO dir…] [EXCLUDE regex…] [SEES dir…] [LINKS target…])
#
# Makes the library ep_NAME of the sources in DIR. Its include path is a folder
# of links to DIR, ALSO and SEES alone, so that an include against the flow of
# the house does not compile. A layer of headers only becomes an INTERFACE one.
function(ep_layer name)
  cmake_parse_arguments(L "" "DIR" "ALSO;EXCLUDE;SEES;LINKS" ${ARGN})
  set(root ${PROJECT_BINARY_DIR}/layers/${name})
  # What is seen comes first: a layer's own folder may stand inside it.
  foreach(dir ${L_SEES} ${L_DIR} ${L_ALSO})
    get_filename_component(parent ${root}/${dir} DIRECTORY)
    file(MAKE_DIRECTORY ${parent} ${PROJECT_SOURCE_DIR}/${dir})
    if(NOT EXISTS ${root}/${dir})
      file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${dir} ${root}/${dir} SYMBOLIC)
    endif()
  endforeach()
  set(sources "")
  foreach(dir ${L_DIR} ${L_ALSO})
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${dir}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  foreach(pattern ${L_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "/${pattern}")
  endforeach()
  if(sources)
    add_library(ep_${name} STATIC ${sources})
    target_include_directories(ep_${name} PRIVATE ${root})
    target_link_libraries(ep_${name} PRIVATE ep_options PUBLIC ${L_LINKS})
  else()
    add_library(ep_${name} INTERFACE)
    target_link_libraries(ep_${name} INTERFACE ${L_LINKS})
  endif()
endfunction()

# Compiles every DIR/NNNN_name.sql into TARGET as runtime-readable text; see
# runtime/adapters/postgres/migrations.hpp. The text goes in byte by byte, since
# CMake would read `;`, `@`, `[` and backslashes of SQL as its own.
function(ep_embed_migrations target dir)
  get_target_property(kind ${target} TYPE)
  if(kind STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${dir}/*.sql)
  list(SORT files)
  set(out ${PROJECT_BINARY_DIR}/embedded_migrations.cpp)
  set(arrays "")
  set(rows "")
  foreach(file ${files})
    set_property(DIRECTORY APPEND
                 PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(name ${file} NAME_WE)
    if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+$")
      message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
    endif()
    string(REGEX REPLACE "^0+" "" number ${CMAKE_MATCH_1})
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n  "
                         bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND arrays
           "const unsigned char sql_${number}[] = {\n  ${bytes}0x00};\n")
    string(APPEND rows "    {${number}, \"${name}\",\n     std::string("
           "reinterpret_cast<const char*>(sql_${number}),\n"
           "                 sizeof sql_${number} - 1)},\n")
  endforeach()
  string(CONCAT text
         "#include \"runtime/adapters/postgres/migrations.hpp\"\n"
         "namespace eventpulse::postgres {\n"
         "namespace {\n${arrays}} // namespace\n"
         "const std::vector<migration>& embedded_migrations() {\n"
         "  static const std::vector<migration> all{\n${rows}  };\n"
         "  return all;\n}\n} // namespace eventpulse::postgres\n")
  file(CONFIGURE OUTPUT ${out} CONTENT "${text}" @ONLY)
  target_sources(${target} PRIVATE ${out})
endfunction()

# Joins DIR/*.yaml into one OpenAPI document (see DIR/bundle.cpp) and compiles
# it into TARGET. The document is in the build tree too, as openapi.json.
function(ep_embed_openapi target dir)
  get_target_property(kind ${target} TYPE)
  if(kind STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  add_executable(openapi_bundle ${PROJECT_SOURCE_DIR}/${dir}/bundle.cpp)
  target_link_libraries(openapi_bundle
                        PRIVATE ep_options Boost::json PkgConfig::YAML)
  file(GLOB fragments CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${dir}/*.yaml)
  list(SORT fragments)
  # Its head first, for those who read the document.
  list(REMOVE_ITEM fragments ${PROJECT_SOURCE_DIR}/${dir}/openapi.yaml)
  list(PREPEND fragments ${PROJECT_SOURCE_DIR}/${dir}/openapi.yaml)
  get_filename_component(schemas ${PROJECT_SOURCE_DIR}/${dir} DIRECTORY)
  file(GLOB schema_files CONFIGURE_DEPENDS ${schemas}/*.schema.json)
  set(document ${PROJECT_BINARY_DIR}/openapi.json)
  set(source ${PROJECT_BINARY_DIR}/embedded_openapi.cpp)
  add_custom_command(
    OUTPUT ${document} ${source}
    COMMAND openapi_bundle ${document} ${source} ${schemas} ${fragments}
    DEPENDS openapi_bundle ${fragments} ${schema_files}
    COMMENT "Joining the OpenAPI document"
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
