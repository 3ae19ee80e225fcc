#pragma once
// The lines of a file or of standard input, plain or gzip, in blocks of whole
// lines. `eventpulse send` reads by it. Promises bounded memory, and for a
// regular file the same blocks whenever it is read from the same line, so that
// a block can be sent again under the same name. From a pipe a block is given
// as soon as no more is there, so that events do not wait for company.
// Refuses a line that no server would take, and broken gzip.

#include "messages/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace eventpulse {

struct line_block {
  uint64_t first_line = 1; // of the file, from 1
  uint64_t lines = 0;
  std::string text; // each line with its end
};

struct line_limits {
  size_t lines_max = 1000; // of one block
  size_t bytes_max = 1 << 20;
  size_t line_bytes_max = 16 << 20; // of one line
};

class line_source {
public:
  /// "-" is standard input.
  static result<line_source> open(const std::string& path,
                                  line_limits limits = {});
  line_source(line_source&&) noexcept;
  line_source& operator=(line_source&&) noexcept;
  ~line_source();

  /// The next block, or nullopt where there is no more. `shutting_down` where a
  /// signal came while it waited for input.
  result<std::optional<line_block>> next();

  /// Passes over lines, so that the next block begins at this one.
  result<void> skip_to(uint64_t line);

  /// Bytes of the file that were read, and all of them where that is known.
  uint64_t bytes_read() const;
  std::optional<uint64_t> bytes_total() const;

private:
  struct parts;
  explicit line_source(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace eventpulse
