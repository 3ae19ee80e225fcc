#include "actors/control_replay.hpp"

#include "runtime/core/intake/partition.hpp"
#include "runtime/core/intake/recent_ids.hpp"

namespace eventpulse {

namespace json = boost::json;

namespace {

class replaying : public std::enable_shared_from_this<replaying> {
public:
  replaying(std::shared_ptr<const replay_wish> wish, replay_setup setup)
      : wish_(std::move(wish)), setup_(std::move(setup)) {}

  /// The next letter, or the answer.
  void go_on();

private:
  struct placed_event {
    std::string source;
    std::string id;
    std::string position; // of the event that is there
    bool duplicate = false;
  };

  const kept_letter& letter() const { return wish_->letters[at_]; }
  void replay(std::vector<intake::accepted_event> events);
  result<bool> is_stored(const event_document& d, placed_event& out);
  void add(append_entries entries);
  void settle();
  void refused(const problem& why);
  void stop(const failure& why);
  void answer();

  std::shared_ptr<const replay_wish> wish_;
  replay_setup setup_;
  size_t at_ = 0;
  std::vector<placed_event> events_; // of this letter
  std::vector<size_t> waiting_;      // those of them that are being added
  json::array results_;
  size_t replayed_ = 0;
  size_t failed_ = 0;
  std::optional<problem> first_problem_;
};

void replaying::go_on() {
  if (at_ == wish_->letters.size())
    return answer();
  events_.clear();
  waiting_.clear();
  auto outcome = intake::replay(letter(), setup_.check, setup_.options);
  if (auto* why = std::get_if<problem>(&outcome))
    return refused(*why);
  replay(std::move(std::get<0>(outcome)));
}

void replaying::replay(std::vector<intake::accepted_event> events) {
  std::vector<append_entry> entries;
  for (auto& e : events) {
    auto& document = e.document;
    placed_event placed{document.source, document.id, {}, false};
    auto stored = is_stored(document, placed);
    if (!stored)
      return stop(stored.error());
    events_.push_back(std::move(placed));
    if (*stored)
      continue;
    waiting_.push_back(events_.size() - 1);
    append_entry entry;
    entry.partition =
        intake::partition_of(partition_key(document), setup_.partitions);
    entry.identity = intake::identity_of(document);
    e.accepted_at_ms = setup_.surroundings->now_ms();
    entry.fields = intake::encode(e);
    entries.push_back(std::move(entry));
  }
  if (entries.empty())
    return settle();
  add(share(std::move(entries)));
}

/// Within dedup_window the persister would find it too; later only this does.
result<bool> replaying::is_stored(const event_document& d, placed_event& out) {
  event_query q;
  q.source = d.source;
  q.id = d.id;
  auto found = setup_.stores->events->query(q);
  if (!found)
    return found.error();
  for (auto& e : *found)
    if (partition_key(e.what.document) == partition_key(d)) {
      out.position = to_string(e.what.where);
      out.duplicate = true;
      return true;
    }
  return false;
}

void replaying::add(append_entries entries) {
  auto me = shared_from_this();
  setup_.append(
      std::move(entries),
      [me](const append_receipts& receipts) {
        for (size_t i = 0; i < me->waiting_.size(); ++i) {
          auto& placed = me->events_[me->waiting_[i]];
          placed.position = to_string((*receipts)[i].where);
          placed.duplicate = (*receipts)[i].duplicate;
        }
        me->settle();
      },
      [me](const failure& why) { me->stop(why); });
}

void replaying::settle() {
  auto& id = letter().what.id;
  auto done = setup_.stores->dead_letters->settle(
      id, letter_state::replayed, setup_.surroundings->now_ms(), setup_.by);
  // Somebody else was at it too: the events are there all the same.
  if (!done && done.error().code != errc::conflict)
    return stop({errc::outcome_unknown,
                 "its events are in the stream, but the letter could not be "
                 "marked; replaying it again stores nothing twice: " +
                     to_string(done.error())});
  json::array events;
  for (auto& e : events_)
    events.push_back({{"source", e.source},
                      {"id", e.id},
                      {"position", e.position},
                      {"status", e.duplicate ? "duplicate" : "accepted"}});
  results_.push_back(
      {{"id", id}, {"state", "replayed"}, {"events", std::move(events)}});
  ++replayed_;
  ++at_;
  go_on();
}

void replaying::refused(const problem& why) {
  auto& id = letter().what.id;
  auto noted = setup_.stores->dead_letters->note_failure(id, why.detail);
  if (!noted)
    return stop(noted.error());
  results_.push_back({{"id", id},
                      {"state", "pending"},
                      {"problem", json::parse(problem_json(why))}});
  if (!first_problem_)
    first_problem_ = why;
  ++failed_;
  ++at_;
  go_on();
}

/// What was replayed before is, and is said to be; the rest stays pending.
void replaying::stop(const failure& why) {
  auto out = to_http(why);
  if (wish_->many) {
    auto body = json::parse(out.body).as_object();
    body["replayed"] = replayed_;
    body["failed"] = failed_;
    body["results"] = std::move(results_);
    out.body = json::serialize(body) + '\n';
  }
  setup_.reply(std::move(out));
}

void replaying::answer() {
  if (!wish_->many && first_problem_)
    return setup_.reply(to_http(*first_problem_));
  if (!wish_->many)
    return setup_.reply(json_answer(200, results_.front()));
  json::object body{{"replayed", replayed_},
                    {"failed", failed_},
                    {"results", std::move(results_)},
                    {"next", nullptr}};
  if (wish_->next)
    body["next"] = *wish_->next;
  setup_.reply(json_answer(200, body));
}

} // namespace

void start_replay(std::shared_ptr<const replay_wish> wish, replay_setup setup) {
  std::make_shared<replaying>(std::move(wish), std::move(setup))->go_on();
}

} // namespace eventpulse
