#include "runtime/core/intake/request_parser.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/intake/gunzip.hpp"
#include "runtime/core/intake/media_type.hpp"
#include "runtime/core/intake/ndjson.hpp"

namespace eventpulse::intake {

namespace {

// What every step of one request needs.
struct request_context {
  const http_headers& headers;
  std::string_view body; // inflated
  const event_defaults& defaults;
  const intake_options& options;
};

void refuse(parsed_request& out, problem why, std::string_view text,
            const intake_options& options) {
  out.items.clear();
  out.raw = quarantined(why.code, text, options);
  out.raw_bytes = out.raw.empty() ? 0 : text.size();
  out.refusal = std::move(why);
}

// Where a request is one event, its problem is the request's.
void put_single(parsed_request& out, event_or_problem outcome,
                std::string_view data_pointer, const request_context& r) {
  if (auto known = check_data(outcome, data_pointer, r.defaults))
    out.known = std::move(*known);
  if (auto* why = std::get_if<problem>(&outcome))
    refuse(out, std::move(*why), r.body, r.options);
  else
    out.items.push_back({0, std::move(outcome), {}, 0, {}});
}

void parse_single(parsed_request& out, json_reader& reader, json_form form,
                  const request_context& r) {
  json_value value;
  bool is_read = reader.whole(value) == json_reader::step::value;
  auto text = is_read ? value.span.text : r.body;
  // A body that is too large is told so even where it is broken as well.
  if (text.size() > r.options.max_event_bytes)
    return refuse(out, event_too_large(r.options), r.body, r.options);
  if (!is_read)
    return refuse(out, to_problem(reader.error()), r.body, r.options);
  put_single(out, parse_json_event(value, form, "", r.defaults), "/data", r);
}

intake_item parse_element(const json_value& value, json_form form,
                          uint64_t index, const request_context& r) {
  intake_item item{index, problem{}, {}, 0, {}};
  auto text = value.span.text;
  auto pointer = '/' + std::to_string(index);
  if (text.size() > r.options.max_event_bytes)
    item.outcome = event_too_large(r.options);
  else
    item.outcome = parse_json_event(value, form, pointer, r.defaults);
  finish_item(item, pointer + "/data", text, r.defaults, r.options);
  return item;
}

void parse_many(parsed_request& out, json_reader& reader, json_form form,
                const request_context& r) {
  out.is_many = true;
  json_value value;
  for (uint64_t index = 0;; ++index) {
    auto step = reader.next_element(value);
    if (step == json_reader::step::end)
      return;
    if (step == json_reader::step::failed)
      return refuse(out, to_problem(reader.error()), r.body, r.options);
    if (index == limits::request_items_max)
      return refuse(out,
                    {errc::too_large,
                     "more than " + std::to_string(limits::request_items_max) +
                         " events in one request",
                     {}},
                    r.body, r.options);
    out.items.push_back(parse_element(value, form, index, r));
  }
}

// All or nothing: the problems of the items become the request's.
void hold_batch_together(parsed_request& out, const request_context& r) {
  problem whole{errc::invalid, {}, {}};
  size_t bad = 0;
  for (auto& item : out.items) {
    auto* why = std::get_if<problem>(&item.outcome);
    if (why == nullptr)
      continue;
    // The code of the first one, as the answer can have only one.
    if (bad++ == 0) {
      whole.code = why->code;
      whole.detail = "item " + std::to_string(item.index) + ": " + why->detail;
      out.known.type = item.known.type;
    }
    if (why->errors.empty())
      why->errors.push_back({"#/" + std::to_string(item.index), why->detail});
    for (auto& fault : why->errors)
      if (whole.errors.size() < limits::problem_errors_max)
        whole.errors.push_back(std::move(fault));
  }
  if (bad == 0)
    return;
  if (bad > 1)
    whole.detail += " (and " + std::to_string(bad - 1) + " more bad items)";
  refuse(out, std::move(whole), r.body, r.options);
}

void parse_binary(parsed_request& out, const request_context& r) {
  // The attributes count too: they are stored with the payload.
  size_t size = r.body.size();
  for (const auto& [key, value] : r.headers)
    if (lower_case(key).starts_with("ce-"))
      size += value.size();
  if (size > r.options.max_event_bytes)
    return refuse(out, event_too_large(r.options), r.body, r.options);
  put_single(
      out,
      parse_binary_event(r.headers, r.body, r.defaults, r.options.max_depth),
      "", r);
}

void parse_lines(parsed_request& out, const request_context& r) {
  out.is_many = true;
  ndjson_parser parser{r.options};
  parser.feed(r.body, r.defaults, out.items);
  parser.finish(r.defaults, out.items);
}

void parse_body(parsed_request& out, const request_context& r) {
  json_reader reader{r.body, r.options.max_depth};
  switch (out.mode) {
  case content_mode::binary:
    return parse_binary(out, r);
  case content_mode::ndjson:
    return parse_lines(out, r);
  case content_mode::structured:
    return parse_single(out, reader, json_form::structured, r);
  case content_mode::batch:
    parse_many(out, reader, json_form::structured, r);
    if (!out.refusal)
      hold_batch_together(out, r);
    return;
  case content_mode::plain:
    if (reader.peek() == json_kind::array)
      return parse_many(out, reader, json_form::plain, r);
    return parse_single(out, reader, json_form::plain, r);
  }
}

} // namespace

problem event_too_large(const intake_options& options) {
  return {errc::too_large,
          "an event of more than " + std::to_string(options.max_event_bytes) +
              " bytes",
          {}};
}

std::string quarantined(errc code, std::string_view text,
                        const intake_options& options) {
  if (code != errc::malformed && code != errc::invalid)
    return {};
  return std::string{text.substr(0, options.max_event_bytes)};
}

void finish_item(intake_item& item, std::string_view data_pointer,
                 std::string_view text, const event_defaults& defaults,
                 const intake_options& options) {
  if (auto known = check_data(item.outcome, data_pointer, defaults))
    item.known = std::move(*known);
  auto* why = std::get_if<problem>(&item.outcome);
  if (!why)
    return;
  item.raw = quarantined(why->code, text, options);
  item.raw_bytes = item.raw.empty() ? 0 : text.size();
}

parsed_request parse_request(const http_headers& headers, std::string_view body,
                             const event_defaults& defaults,
                             const intake_options& options) {
  parsed_request out;
  auto refuse_with = [&](const failure& why) {
    refuse(out, {why.code, why.detail, {}}, body, options);
    return std::move(out);
  };
  auto mode = decide_mode(headers);
  if (!mode)
    return refuse_with(mode.error());
  out.mode = *mode;
  auto coding = decide_coding(headers);
  if (!coding)
    return refuse_with(coding.error());
  if (body.size() > options.max_body_bytes)
    return refuse_with({errc::too_large,
                        "the body is more than " +
                            std::to_string(options.max_body_bytes) + " bytes"});
  std::string inflated;
  if (*coding == content_coding::gzip) {
    auto plain = gunzip_all(body, options.max_body_bytes);
    out.raw_is_gzip = !plain;
    if (!plain)
      return refuse_with(plain.error());
    inflated = std::move(*plain);
    body = inflated;
  }
  parse_body(out, {headers, body, defaults, options});
  return out;
}

} // namespace eventpulse::intake
