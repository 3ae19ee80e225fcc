#include "runtime/core/access/audit_views.hpp"

#include "runtime/core/access/rate.hpp"
#include "runtime/core/base/json_text.hpp"
#include "runtime/core/base/time.hpp"

namespace eventpulse {

namespace {

/// A JSON object that is written member by member.
class object_text {
public:
  object_text& text(std::string_view name, std::string_view value) {
    member(name);
    append_json_string(out_, value);
    return *this;
  }
  object_text& raw(std::string_view name, std::string_view value) {
    member(name);
    out_ += value;
    return *this;
  }
  object_text& number(std::string_view name, int64_t value) {
    return raw(name, std::to_string(value));
  }
  object_text& time(std::string_view name, std::optional<int64_t> at_ms) {
    return at_ms ? text(name, format_rfc3339_ms(*at_ms)) : *this;
  }
  std::string done() { return std::move(out_) + '}'; }

private:
  void member(std::string_view name) {
    if (out_.size() > 1)
      out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
  }

  std::string out_ = "{";
};

/// A password in a URL is a secret, too.
std::string without_user(const std::string& url) {
  auto begin = url.find("://");
  if (begin == std::string::npos)
    return url;
  begin += 3;
  auto end = url.find_first_of("/?#", begin);
  auto at = url.substr(0, end).rfind('@');
  if (at == std::string::npos || at < begin)
    return url;
  return url.substr(0, begin) + "***" + url.substr(at);
}

} // namespace

std::string audit_view(const rule_version& v) {
  if (v.deleted || v.version == 0)
    return {};
  return object_text{}
      .number("version", v.version)
      .raw("document", v.document)
      .done();
}

std::string audit_view(const channel& c, const channel* before) {
  object_text out;
  out.text("id", c.id).text("kind", c.kind).text("url", without_user(c.url));
  out.raw("disabled", c.disabled ? "true" : "false");
  out.number("secrets", static_cast<int64_t>(c.secrets.size()));
  auto newest = [](const channel& of) {
    return of.secrets.empty() ? std::string{} : of.secrets.front();
  };
  if (before && newest(*before) != newest(c))
    out.raw("secret_replaced", "true");
  return out.done();
}

std::string audit_view(const api_key& k) {
  std::string scopes = "[";
  for (auto s : k.scopes) {
    if (scopes.size() > 1)
      scopes += ',';
    append_json_string(scopes, to_string(s));
  }
  object_text out;
  out.text("id", k.id).text("name", k.name).raw("scopes", scopes + ']');
  if (k.rate)
    out.raw("rate", object_text{}
                        .number("requests", k.rate->limit)
                        .text("window", rate_window_text(*k.rate))
                        .done());
  out.time("expires_at", k.expires_at_ms).time("revoked_at", k.revoked_at_ms);
  return out.done();
}

std::string audit_view(const delivery& d) {
  constexpr std::string_view states[] = {"pending", "delivered", "failed"};
  object_text out;
  out.text("id", d.id).text("channel", d.channel).text("type", d.type);
  if (!d.alert.empty())
    out.text("alert", d.alert);
  out.text("state", states[static_cast<size_t>(d.state)]);
  return out.number("attempts", d.attempt_count).done();
}

} // namespace eventpulse
