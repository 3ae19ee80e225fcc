#include "runtime/app/first_key.hpp"

#include "runtime/app/commands.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/system_world.hpp"
#include "runtime/core/base/key_text.hpp"

#include <algorithm>
#include <array>
#include <iostream>

namespace eventpulse {

namespace {

const std::string admin_name = "admin";
constexpr int admin_names_max = 100;

int code_of(const failure& why) {
  return retryable(why.code) ? exit_code::unavailable : exit_code::failed;
}

/// Makes a key where nobody can: 0, or why not.
int bootstrap(const arguments& given) {
  auto fail = [](const std::string& why, int code) {
    std::cerr << "keys bootstrap: " << why << '\n';
    return code;
  };
  auto s = settings_of(given);
  if (!s || s->database.url.empty())
    return fail(s ? "set database.url" : s.error().detail, exit_code::usage);
  auto known = postgres::make_key_store(postgres_options(*s, {}))->load();
  if (!known)
    return fail(to_string(known.error()), code_of(known.error()));
  auto world = system_world();
  auto now = world->now_ms();
  for (auto& [hash, key] : known->by_hash)
    if (key.allows(scope::admin, now))
      return fail("the key '" + key.name +
                      "' has scope admin already; make others with it",
                  exit_code::failed);
  std::array<char, 32> random{};
  world->random(random.data(), random.size());
  auto text = key_text(random);
  auto made = settle_key(*s, text, key_origin::fresh);
  if (!made)
    return fail(to_string(made.error()), code_of(made.error()));
  std::cout << text << '\n';
  return exit_code::ok;
}

} // namespace

result<bool> settle_key(const settings& s, const std::string& text,
                        key_origin origin) {
  auto store = postgres::make_key_store(postgres_options(s, {}));
  auto hash = key_hash(text);
  auto known = store->load();
  if (!known)
    return known.error();
  auto world = system_world();
  auto now = world->now_ms();
  if (auto found = known->by_hash.find(hash); found != known->by_hash.end())
    return found->second.allows(scope::admin, now);
  if (origin == key_origin::kept)
    return false;
  api_key key;
  std::array<uint8_t, 10> random{};
  world->random(random.data(), random.size());
  key.id = uuid_v7(now, random);
  key.hash = hash;
  key.scopes = {scope::admin};
  key.created_at_ms = now;
  const caller by{{}, "eventpulse", {}, {}};
  // A directory that lost its key's file, or was restored without it, gets
  // another key beside the one that nobody here knows.
  for (int n = 1;; ++n) {
    key.name = admin_name + (n == 1 ? "" : '-' + std::to_string(n));
    auto added = store->add(key, by);
    if (added)
      return true;
    if (added.error().code != errc::conflict || n == admin_names_max)
      return added.error();
  }
}

command keys_bootstrap_command() {
  command out;
  out.name = "keys bootstrap";
  out.group = "Run it";
  out.summary = "Make the first admin key.";
  out.help = "Straight in the database, since every call of the API needs a "
             "key. Prints it,\nonce. Only where no key has scope admin; `up` "
             "makes one by itself.";
  out.examples = {
      "eventpulse keys bootstrap --database.url postgresql:///eventpulse"};
  out.takes_settings = true;
  out.run = bootstrap;
  return out;
}

} // namespace eventpulse
