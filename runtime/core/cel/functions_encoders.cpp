// base64.encode and base64.decode (the encoders extension).

#include "runtime/core/base/hash.hpp"
#include "runtime/core/cel/functions.hpp"

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;

value encode(call_context& context, arguments a) {
  if (a.size() != 1 || !a[0].is(kind::bytes))
    return no_overload("base64.encode", a);
  if (auto over = context.charge(1 + a[0].text().size() / 16))
    return *over;
  return value::string(base64_encode(a[0].text()));
}

// Padding may lack, as it does in many producers' texts.
value decode(call_context& context, arguments a) {
  if (a.size() != 1 || !a[0].is(kind::string))
    return no_overload("base64.decode", a);
  if (auto over = context.charge(1 + a[0].text().size() / 16))
    return *over;
  std::string padded{a[0].text()};
  if (padded.find('=') == std::string::npos)
    padded.append((4 - padded.size() % 4) % 4, '=');
  std::string out;
  if (!base64_decode(padded, out))
    return value::error(fault::invalid_argument, "this is no base64", nullptr);
  return value::bytes(std::move(out));
}

} // namespace

void add_encoders(library& to) {
  to.add("base64.encode", encode, {"bytes->string"});
  to.add("base64.decode", decode, {"string->bytes"});
}

} // namespace eventpulse::cel
