#include "runtime/app/send_journal.hpp"

#include "runtime/app/file_write.hpp"

#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace eventpulse {

namespace json = boost::json;

namespace {

failure not_a_journal(const std::string& path) {
  return {errc::invalid, path + " is not a file that `send --resume` wrote; "
                                "remove it or name another"};
}

std::string name_of(const std::string& file) {
  std::error_code ignored;
  return std::filesystem::absolute(file, ignored).lexically_normal().string();
}

} // namespace

result<send_journal> send_journal::open(const std::string& path,
                                        const std::string& session) {
  send_journal out;
  out.path_ = path;
  out.session_ = session;
  if (!std::filesystem::exists(path))
    return out;
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  try {
    auto kept = json::parse(text).as_object();
    out.session_ = kept.at("session").as_string();
    for (auto& [file, value] : kept.at("files").as_object())
      out.files_[file] = {value.at("accepted").to_number<uint64_t>(),
                          value.at("rejected").to_number<uint64_t>(),
                          value.at("lines").to_number<uint64_t>()};
  } catch (const std::exception&) {
    return not_a_journal(path);
  }
  return out;
}

send_totals send_journal::of(const std::string& file) const {
  auto found = files_.find(name_of(file));
  return found == files_.end() ? send_totals{} : found->second;
}

result<void> send_journal::note(const std::string& file,
                                const send_totals& totals) {
  files_[name_of(file)] = totals;
  json::object files;
  for (auto& [name, t] : files_)
    files[name] = {
        {"accepted", t.accepted}, {"rejected", t.rejected}, {"lines", t.lines}};
  return write_file(path_,
                    json::serialize(json::object{{"session", session_},
                                                 {"files", std::move(files)}}) +
                        '\n',
                    0600);
}

} // namespace eventpulse
