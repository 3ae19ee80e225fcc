#pragma once
// A directory that goes away with the test.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

struct scratch {
  std::filesystem::path path;

  scratch() {
    char name[] = "/tmp/ep-test-XXXXXX";
    path = mkdtemp(name);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path / name} << text;
    return (path / name).string();
  }
};
