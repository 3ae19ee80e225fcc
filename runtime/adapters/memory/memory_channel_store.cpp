#include "runtime/adapters/memory/memory_database.hpp"

#include "runtime/core/access/audit_views.hpp"

#include <algorithm>

namespace eventpulse::memory {

namespace {

class memory_channel_store final : public channel_store {
public:
  explicit memory_channel_store(database_ptr d) : database_(std::move(d)) {}

  result<void> put(const channel& c, const caller& by) override {
    database::access db{*database_, "channel_store.put"};
    if (db.broken)
      return *db.broken;
    auto [kept, is_new] = db->channels.emplace(c.id, c);
    log_channel(*db.operator->(), kept->second, c);
    auto before = kept->second;
    kept->second = c;
    kept->second.created_at_ms = before.created_at_ms;
    db->keep_audit({by, is_new ? "channel.created" : "channel.changed",
                    "channel/" + c.id, is_new ? "" : audit_view(before),
                    audit_view(c, is_new ? nullptr : &before)});
    return {};
  }

  result<channel> change(const std::string& id, const std::string& action,
                         const std::function<result<void>(channel&)>& edit,
                         const caller& by) override {
    database::access db{*database_, "channel_store.change"};
    if (db.broken)
      return *db.broken;
    auto found = db->channels.find(id);
    if (found == db->channels.end())
      return failure{errc::not_found, "channel " + id};
    auto after = found->second;
    if (auto done = edit(after); !done)
      return done.error();
    db->keep_audit({by, action, "channel/" + id, audit_view(found->second),
                    audit_view(after, &found->second)});
    log_channel(*db.operator->(), found->second, after);
    found->second = after;
    return after;
  }

  result<channel> get(const std::string& id) override {
    database::access db{*database_, "channel_store.get"};
    if (db.broken)
      return *db.broken;
    auto found = db->channels.find(id);
    if (found == db->channels.end())
      return failure{errc::not_found, "channel " + id};
    return found->second;
  }

  result<std::vector<channel>> list(const std::string& after_id,
                                    size_t limit) override {
    database::access db{*database_, "channel_store.list"};
    if (db.broken)
      return *db.broken;
    std::vector<channel> out;
    for (auto c = db->channels.upper_bound(after_id);
         c != db->channels.end() && out.size() < limit; ++c)
      out.push_back(c->second);
    return out;
  }

  result<void> remove(const std::string& id, const caller& by) override {
    database::access db{*database_, "channel_store.remove"};
    if (db.broken)
      return *db.broken;
    auto found = db->channels.find(id);
    if (found == db->channels.end())
      return failure{errc::not_found, "channel " + id};
    for (auto& [rule, versions] : db->rules) {
      auto& newest = versions.back();
      auto named = std::find(newest.notify.begin(), newest.notify.end(), id);
      if (named != newest.notify.end() && !newest.what.deleted)
        return failure{errc::conflict, "rule " + rule + " names it"};
    }
    db->keep_audit({by,
                    "channel.deleted",
                    "channel/" + id,
                    audit_view(found->second),
                    {}});
    db->channels.erase(found);
    return {};
  }

private:
  database_ptr database_;
};

} // namespace

std::unique_ptr<channel_store> make_channel_store(database_ptr d) {
  return std::make_unique<memory_channel_store>(std::move(d));
}

} // namespace eventpulse::memory
