#include "actors/intake.hpp"

#include "actors/intake_answers.hpp"
#include "actors/intake_trace.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/intake/bearer.hpp"
#include "runtime/core/intake/gunzip.hpp"
#include "runtime/core/intake/ndjson.hpp"
#include "runtime/core/intake/partition.hpp"
#include "runtime/core/intake/recent_ids.hpp"
#include "runtime/core/intake/request_target.hpp"
#include "runtime/core/intake/stream_entry.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <array>

namespace eventpulse {

namespace {

constexpr unsigned quarantined_a_second_max = 100; // per key
constexpr size_t inflated_piece_bytes = 256 << 10;

/// atomic, the one parameter of this route. What is misspelt must not look as
/// if it held.
result<bool> wants_atomic(const http_request& head) {
  auto given = intake::split_query(head.query);
  if (!given)
    return failure{errc::malformed, "the query is not percent-encoded UTF-8"};
  bool atomic = false;
  for (auto& [name, value] : *given) {
    if (name != "atomic")
      return failure{errc::invalid,
                     "there is no parameter '" + name + "' here"};
    if (value != "true" && value != "false")
      return failure{errc::invalid, "atomic is true or false"};
    atomic = value == "true";
  }
  return atomic;
}

} // namespace

struct intake_state::request_job {
  bool is_many = false;
  std::vector<accepted_item> taken;
  std::vector<rejected_item> refused;
  std::function<void(http_reply)> reply;
  std::function<void()> done;          // may be empty; when it is in the stream
  std::shared_ptr<intake_trace> trace; // null where traces are off
};

struct intake_state::ndjson_job {
  explicit ndjson_job(const intake::intake_options& options)
      : parser(options) {}

  api_key key;       // as of the newest piece
  uint64_t paid = 1; // lines that are within the request's own price
  intake::ndjson_parser parser;
  std::optional<intake::gunzip> inflate;
  bool input_ended = false;
  bool lines_ended = false;
  uint64_t accepted = 0;
  uint64_t rejected = 0;
  std::vector<rejected_item> refused; // at most rejected_items_max
  /// Made once: ids that follow from an Idempotency-Key are numbered through.
  intake::event_defaults defaults;
  std::shared_ptr<intake_trace> trace; // null where traces are off
};

intake_actor::behavior_type intake_state::start(intake_setup setup) {
  setup_ = std::move(setup);
  self_->set_error_handler([](caf::error&) {});
  auto me = caf::actor_cast<caf::actor>(self_);
  for (auto* followed : {"stream_writer", "key_keeper", "schema_keeper"})
    caf::anon_send(setup_.directory, follow_atom::value, std::string(followed),
                   me);
  return {
      [this](http_exchange& call) { handle(call); },
      [this](keys_atom, const key_set_ptr& keys) { keys_ = keys; },
      [this](types_atom, const schema::event_schemas_ptr& schemas) {
        schemas_ = schemas;
      },
      [this](found_atom, const std::string& which, const caf::actor& who) {
        if (which == "stream_writer")
          writer_ = caf::actor_cast<stream_writer_actor>(who);
        else // either keeper
          caf::anon_send(who, follow_atom::value,
                         caf::actor_cast<caf::actor>(self_));
      },
  };
}

void intake_state::handle(http_exchange& call) {
  if (call.streamed)
    return piece(call);
  if (!keys_ || !schemas_ || !writer_)
    return call.reply(to_http(failure{errc::unavailable, "starting"}));
  auto who = admit(*call.head, *keys_, scope::events_write, *setup_.rates,
                   setup_.surroundings->now_ms());
  if (auto* refused = std::get_if<http_response>(&who))
    return call.reply(std::move(*refused));
  auto& key = std::get<api_key>(who);
  call.reply =
      with_rate(std::move(call.reply), key, setup_.rates, setup_.surroundings);
  whole_request(call, key);
}

// --- whole requests ----------------------------------------------------------

void intake_state::whole_request(const http_exchange& call,
                                 const api_key& key) {
  auto atomic = wants_atomic(*call.head);
  auto idempotency = intake::idempotency_key(call.head->headers);
  if (!atomic || !idempotency)
    return call.reply(to_http(atomic ? idempotency.error() : atomic.error()));
  auto fingerprint = *idempotency ? xxh64(call.body) : 0;
  if (*idempotency && !repeated_.fits(key.name, **idempotency, fingerprint))
    return call.reply(to_http(failure{
        errc::invalid, "this Idempotency-Key came with another body before"}));
  auto defaults = defaults_for(*call.head, key.name, *idempotency);
  auto trace = intake_trace::begin(setup_.traces, *call.head, defaults.trace);
  auto reply = intake_trace::wrap(call.reply, trace);
  auto parsed = intake::parse_request(call.head->headers, call.body, defaults,
                                      setup_.options);
  if (key.rate && parsed.items.size() > 1)
    setup_.rates->charge(key, parsed.items.size() - 1,
                         setup_.surroundings->now_ms());
  if (parsed.refusal) {
    quarantine(key,
               {*parsed.refusal, std::move(parsed.raw), parsed.raw_bytes,
                std::move(parsed.known),
                intake::kept_headers(call.head->headers, parsed.raw_is_gzip)});
    count(1, 0);
    return reply(to_http(*parsed.refusal));
  }
  auto job = std::make_shared<request_job>();
  job->is_many = parsed.is_many;
  job->reply = reply;
  job->trace = trace;
  if (*idempotency)
    job->done = [this, by = key.name, used = **idempotency, fingerprint] {
      repeated_.remember(by, used, fingerprint);
    };
  std::vector<append_entry> entries;
  for (auto& item : parsed.items) {
    if (auto* why = std::get_if<problem>(&item.outcome)) {
      quarantine(key, {*why, std::move(item.raw), item.raw_bytes,
                       std::move(item.known), intake::item_headers()});
      job->refused.push_back({item.index, std::move(*why)});
      continue;
    }
    auto& document = std::get<event_document>(item.outcome);
    job->taken.push_back({item.index, document.source, document.id, {}, false});
    if (trace)
      trace->adding(document);
    entries.push_back(entry_of(std::move(document), key.name));
  }
  count(job->refused.size(), 0);
  if (!job->is_many && !job->refused.empty())
    return reply(to_http(job->refused.front().why));
  if (*atomic && !job->refused.empty()) {
    count(0, entries.size());
    return reply(many_answered(0, job->refused.size(), {}, job->refused));
  }
  if (*atomic && entries.size() > limits::append_batch_max) {
    count(0, entries.size());
    return reply(to_http(
        failure{errc::too_large, "atomic=true is for at most " +
                                     std::to_string(limits::append_batch_max) +
                                     " events"}));
  }
  if (entries.empty())
    return reply(many_answered(0, job->refused.size(), {}, job->refused));
  self_
      ->request(writer_, caf::infinite, append_atom::value,
                share(std::move(entries)))
      .then(
          [this, job](const append_receipts& receipts) {
            answer_request(job, receipts);
          },
          [this, job](caf::error& e) {
            count(0, job->taken.size());
            if (job->trace)
              job->trace->added(to_string(to_failure(e)));
            job->reply(not_added(to_http(to_failure(e)), job->taken, 0));
          });
}

void intake_state::answer_request(const std::shared_ptr<request_job>& job,
                                  const append_receipts& receipts) {
  for (size_t i = 0; i < job->taken.size(); ++i) {
    job->taken[i].where = (*receipts)[i].where;
    job->taken[i].duplicate = (*receipts)[i].duplicate;
  }
  count_taken(*receipts);
  if (job->done)
    job->done();
  if (job->trace)
    job->trace->added();
  if (job->is_many)
    job->reply(many_answered(job->taken.size(), job->refused.size(), job->taken,
                             job->refused));
  else
    job->reply(one_accepted(job->taken.front()));
}

// --- streamed NDJSON ---------------------------------------------------------

void intake_state::piece(http_exchange& call) {
  auto job = std::static_pointer_cast<ndjson_job>(call.context);
  if (job) {
    if (!may_go_on(*job, call))
      return;
  } else {
    job = begin_lines(call);
    if (!job)
      return;
  }
  call.reply = intake_trace::wrap(with_rate(std::move(call.reply), job->key,
                                            setup_.rates, setup_.surroundings),
                                  job->trace);
  job->input_ended = call.last;
  if (job->inflate)
    job->inflate->give(call.body);
  next_lines(job, call);
}

/// Null where it was answered already.
std::shared_ptr<intake_state::ndjson_job>
intake_state::begin_lines(const http_exchange& call) {
  auto refuse = [&](http_response why) {
    call.reply(std::move(why));
    return nullptr;
  };
  if (!keys_ || !schemas_ || !writer_)
    return refuse(to_http(failure{errc::unavailable, "starting"}));
  auto who = admit(*call.head, *keys_, scope::events_write, *setup_.rates,
                   setup_.surroundings->now_ms());
  if (auto* refused = std::get_if<http_response>(&who))
    return refuse(std::move(*refused));
  auto atomic = wants_atomic(*call.head);
  auto idempotency = intake::idempotency_key(call.head->headers);
  if (!atomic || !idempotency)
    return refuse(to_http(atomic ? idempotency.error() : atomic.error()));
  if (*atomic)
    return refuse(to_http(failure{
        errc::invalid, "atomic=true cannot be kept for an NDJSON body"}));
  auto mode = intake::decide_mode(call.head->headers);
  auto coding = intake::decide_coding(call.head->headers);
  if (!mode || !coding)
    return refuse(to_http(mode ? coding.error() : mode.error()));
  auto job = std::make_shared<ndjson_job>(setup_.options);
  job->key = std::move(std::get<api_key>(who));
  job->defaults = defaults_for(*call.head, job->key.name, *idempotency);
  if (*coding == intake::content_coding::gzip)
    job->inflate.emplace();
  job->trace =
      intake_trace::begin(setup_.traces, *call.head, job->defaults.trace);
  return job;
}

/// A body may take hours: its key may be revoked or expire meanwhile, and
/// what its lines cost beyond the rate is paid before more are taken. False
/// where it was answered so.
bool intake_state::may_go_on(ndjson_job& job, const http_exchange& call) {
  if (!keys_)
    return true; // a restarted actor that has not been told yet
  auto now = setup_.surroundings->now_ms();
  auto key = intake::authorize(*call.head, *keys_, scope::events_write, now);
  if (!key) {
    call.reply(not_added(to_http(key.error()), {}, job.parser.line()));
    return false;
  }
  job.key = std::move(*key);
  if (!job.key.rate)
    return true;
  auto found = setup_.rates->look(job.key, now);
  if (!found.allowed)
    call.reply(not_added(over_rate(job.key, found), {}, job.parser.line()));
  return found.allowed;
}

void intake_state::charge(ndjson_job& job, uint64_t lines) {
  auto free = std::min(job.paid, lines);
  job.paid -= free;
  if (job.key.rate && lines > free)
    setup_.rates->charge(job.key, lines - free, setup_.surroundings->now_ms());
}

/// Takes as much of the input as may be held at once and adds its lines; comes
/// back until the input is used up.
void intake_state::next_lines(const std::shared_ptr<ndjson_job>& job,
                              const http_exchange& call) {
  std::vector<intake::intake_item> items;
  auto& defaults = job->defaults;
  defaults.check = schema::checker_of(schemas_); // as they are now
  std::string inflated;
  bool used_up = true;
  if (job->inflate) {
    auto taken = job->inflate->take(inflated, inflated_piece_bytes);
    if (taken && *taken == 0 && job->input_ended)
      if (auto whole = job->inflate->finish(); !whole)
        return call.reply(
            not_added(to_http(whole.error()), {}, job->parser.line()));
    if (!taken)
      return call.reply(
          not_added(to_http(taken.error()), {}, job->parser.line()));
    used_up = *taken == 0;
    job->parser.feed(inflated, defaults, items);
  } else if (!job->lines_ended) {
    job->parser.feed(call.body, defaults, items);
  }
  if (used_up && job->input_ended && !std::exchange(job->lines_ended, true))
    job->parser.finish(defaults, items);
  charge(*job, items.size());
  std::vector<append_entry> entries;
  auto first_line = items.empty() ? job->parser.line() : items.front().index;
  for (auto& item : items) {
    if (auto* why = std::get_if<problem>(&item.outcome)) {
      quarantine(job->key, {*why, std::move(item.raw), item.raw_bytes,
                            std::move(item.known), intake::item_headers()});
      ++job->rejected;
      count(1, 0);
      if (job->refused.size() < limits::rejected_items_max)
        job->refused.push_back({item.index, std::move(*why)});
    } else {
      auto& document = std::get<event_document>(item.outcome);
      if (job->trace)
        job->trace->adding(document);
      entries.push_back(entry_of(std::move(document), job->key.name));
    }
  }
  auto go_on = [this, job, call, used_up] {
    if (!used_up)
      next_lines(job, call);
    else if (job->input_ended)
      finish_lines(job, call);
    else
      call.reply(http_continue{job});
  };
  if (entries.empty())
    return go_on();
  auto count_added = entries.size();
  self_
      ->request(writer_, caf::infinite, append_atom::value,
                share(std::move(entries)))
      .then(
          [this, job, go_on, count_added](const append_receipts& receipts) {
            job->accepted += count_added;
            count_taken(*receipts);
            if (job->trace)
              job->trace->added();
            go_on();
          },
          [this, job, call, first_line, count_added](caf::error& e) {
            count(0, count_added);
            if (job->trace)
              job->trace->added(to_string(to_failure(e)));
            call.reply(not_added(to_http(to_failure(e)), {}, first_line));
          });
}

void intake_state::finish_lines(const std::shared_ptr<ndjson_job>& job,
                                const http_exchange& call) {
  call.reply(many_answered(job->accepted, job->rejected, {}, job->refused));
}

// --- parts -------------------------------------------------------------------

intake::event_defaults
intake_state::defaults_for(const http_request& head,
                           const std::string& key_name,
                           const std::optional<std::string>& idempotency) {
  auto& world = *setup_.surroundings;
  intake::event_defaults out;
  out.source = key_name;
  out.now_ms = world.now_ms();
  if (idempotency) {
    auto number = std::make_shared<uint64_t>(0);
    out.make_id = [key_name, key = *idempotency,
                   number](const event_document& document) {
      return intake::stable_id(key_name, key, (*number)++, document);
    };
  } else {
    out.make_id = [&world, now = out.now_ms](const event_document&) {
      std::array<uint8_t, 10> random{};
      world.random(random.data(), random.size());
      return uuid_v7(now, random);
    };
  }
  intake::trace_random random{};
  world.random(random.data(), random.size());
  // Of the traces that begin here some are recorded, chosen by their ids.
  auto chance =
      static_cast<uint32_t>(random[0] << 16 | random[1] << 8 | random[2]);
  bool is_sampled =
      !setup_.traces.is_on() || chance % setup_.sample_one_in == 0;
  out.trace = intake::continue_trace(
      head.headers, random, is_sampled ? intake::trace_flag_sampled : 0);
  out.check = schema::checker_of(schemas_);
  return out;
}

append_entry intake_state::entry_of(event_document&& document,
                                    const std::string& key_name) {
  append_entry out;
  out.partition =
      intake::partition_of(partition_key(document), setup_.partitions);
  out.identity = intake::identity_of(document);
  out.fields = intake::encode(
      {std::move(document), key_name, setup_.surroundings->now_ms()});
  return out;
}

void intake_state::quarantine(const api_key& by,
                              intake::refused_input refused) {
  auto code = refused.why.code;
  if ((code != errc::malformed && code != errc::invalid) ||
      !may_quarantine(by.name))
    return;
  refused.key_id = by.id;
  refused.key_name = by.name;
  refused.at_ms = setup_.surroundings->now_ms();
  append_entry entry;
  entry.fields = intake::encode(refused);
  caf::anon_send(writer_, quarantine_atom::value,
                 share(std::vector<append_entry>{std::move(entry)}));
}

bool intake_state::may_quarantine(const std::string& key_name) {
  auto second = setup_.surroundings->now_ms() / 1000;
  auto& used = quarantined_[key_name];
  if (used.second != second)
    used = {second, 0};
  return used.used++ < quarantined_a_second_max;
}

void intake_state::count_taken(const std::vector<append_receipt>& receipts) {
  if (!setup_.meters)
    return;
  auto known = std::count_if(receipts.begin(), receipts.end(),
                             [](const auto& r) { return r.duplicate; });
  auto& m = setup_.meters->intake();
  m.events_duplicate.Increment(static_cast<double>(known));
  m.events_accepted.Increment(
      static_cast<double>(receipts.size() - static_cast<size_t>(known)));
}

void intake_state::count(size_t invalid, size_t refused) {
  if (!setup_.meters)
    return;
  auto& m = setup_.meters->intake();
  m.events_invalid.Increment(static_cast<double>(invalid));
  m.events_refused.Increment(static_cast<double>(refused));
}

intake_actor::behavior_type
intake_fun(intake_actor::stateful_pointer<intake_state> self,
           const intake_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse
