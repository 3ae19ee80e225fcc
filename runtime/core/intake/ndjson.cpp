#include "runtime/core/intake/ndjson.hpp"

namespace eventpulse::intake {

ndjson_parser::ndjson_parser(const intake_options& options)
    : options_(options) {}

void ndjson_parser::feed(std::string_view bytes, const event_defaults& defaults,
                         std::vector<intake_item>& out) {
  for (;;) {
    auto end = bytes.find('\n');
    if (end == std::string_view::npos)
      break;
    auto piece = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (held_.empty() && !is_skipping_) {
      end_line(piece, defaults, out); // whole in this piece: no copy
    } else {
      hold(piece, out);
      auto text = std::move(held_);
      held_.clear();
      end_line(text, defaults, out);
    }
  }
  hold(bytes, out);
}

void ndjson_parser::finish(const event_defaults& defaults,
                           std::vector<intake_item>& out) {
  if (held_.empty() && !is_skipping_)
    return;
  auto text = std::move(held_);
  held_.clear();
  end_line(text, defaults, out);
}

// Adds to the begun line, or gives it up.
void ndjson_parser::hold(std::string_view piece,
                         std::vector<intake_item>& out) {
  if (is_skipping_)
    return;
  // One byte over the limit may be the '\r' of the line's end.
  if (piece.size() > options_.max_event_bytes + 1 - held_.size()) {
    out.push_back({line_, event_too_large(options_), {}, 0, {}});
    held_ = {};
    is_skipping_ = true;
    return;
  }
  held_ += piece;
}

void ndjson_parser::end_line(std::string_view text,
                             const event_defaults& defaults,
                             std::vector<intake_item>& out) {
  auto line = line_++;
  if (is_skipping_) {
    is_skipping_ = false;
    return;
  }
  if (text.ends_with('\r'))
    text.remove_suffix(1);
  if (text.find_first_not_of(" \t\r") == std::string_view::npos)
    return;
  intake_item item{line, problem{}, {}, 0, {}};
  json_value value;
  json_reader reader{text, options_.max_depth};
  if (text.size() > options_.max_event_bytes)
    item.outcome = event_too_large(options_);
  else if (reader.whole(value) == json_reader::step::failed)
    item.outcome = to_problem(reader.error());
  else
    item.outcome = parse_json_event(value, json_form::plain, "", defaults);
  finish_item(item, "/data", text, defaults, options_);
  out.push_back(std::move(item));
}

} // namespace eventpulse::intake
