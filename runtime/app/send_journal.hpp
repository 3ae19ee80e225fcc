#pragma once
// What `eventpulse send --resume FILE` keeps: the session, and for each file
// how far it is decided. Written after each block, so that a send that was
// killed goes on where it was, under the same keys.

#include "messages/result.hpp"
#include "runtime/app/send.hpp"

#include <map>
#include <string>

namespace eventpulse {

class send_journal {
public:
  /// Reads `path`; a file that is not there begins a new `session`.
  static result<send_journal> open(const std::string& path,
                                   const std::string& session);

  const std::string& session() const { return session_; }
  /// What was decided of a file; its absolute path is its name.
  send_totals of(const std::string& file) const;
  result<void> note(const std::string& file, const send_totals& totals);

private:
  std::string path_;
  std::string session_;
  std::map<std::string, send_totals> files_;
};

} // namespace eventpulse
