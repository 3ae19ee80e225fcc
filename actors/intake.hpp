#pragma once
// The intake actor: from a request to entries in the stream and back to an
// answer. Parsing is core/intake's; a 202 is said only when the stream_writer
// has Redis's answer. It keeps nothing between messages but the keys, the
// schemas and what Idempotency-Keys were used for: what an NDJSON body has come
// to travels in the exchange, so a restarted actor goes on.

#include "actors/admission.hpp"
#include "messages/protocols/directory.hpp"
#include "messages/protocols/intake.hpp"
#include "messages/protocols/key_keeper.hpp"
#include "messages/protocols/schema_keeper.hpp"
#include "messages/protocols/stream_writer.hpp"
#include "runtime/core/intake/idempotency.hpp"
#include "runtime/core/intake/quarantine.hpp"
#include "runtime/core/intake/request_parser.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/trace.hpp"

#include <caf/fwd.hpp>

#include <map>
#include <memory>
#include <string>

namespace eventpulse {

struct intake_setup {
  intake::intake_options options;
  uint32_t partitions = 1;
  directory_actor directory;
  std::shared_ptr<rate_gate> rates = std::make_shared<rate_gate>();
  std::shared_ptr<world> surroundings;
  logger log;
  tracer traces;
  uint32_t sample_one_in = 1; // of the traces that begin here
  metrics* meters = nullptr;
};

class intake_state {
public:
  static inline const char* name = "intake";
  using pointer = intake_actor::stateful_pointer<intake_state>;

  explicit intake_state(pointer self) : self_(self) {}

  intake_actor::behavior_type start(intake_setup setup);

private:
  struct request_job; // one whole request, until it is answered
  struct ndjson_job;  // one streamed body; travels in the exchange

  void handle(http_exchange& call);
  void whole_request(const http_exchange& call, const api_key& key);
  void answer_request(const std::shared_ptr<request_job>& job,
                      const append_receipts& receipts);
  void piece(http_exchange& call);
  std::shared_ptr<ndjson_job> begin_lines(const http_exchange& call);
  bool may_go_on(ndjson_job& job, const http_exchange& call);
  void charge(ndjson_job& job, uint64_t lines);
  void next_lines(const std::shared_ptr<ndjson_job>& job,
                  const http_exchange& call);
  void finish_lines(const std::shared_ptr<ndjson_job>& job,
                    const http_exchange& call);
  intake::event_defaults
  defaults_for(const http_request& head, const std::string& key_name,
               const std::optional<std::string>& idempotency);
  append_entry entry_of(event_document&& document, const std::string& key_name);
  void quarantine(const api_key& by, intake::refused_input refused);
  bool may_quarantine(const std::string& key_name);
  void count_taken(const std::vector<append_receipt>& receipts);
  void count(size_t invalid, size_t refused);

  pointer self_;
  intake_setup setup_;
  stream_writer_actor writer_;
  key_set_ptr keys_;                  // null until the key_keeper has told them
  schema::event_schemas_ptr schemas_; // the same, of the schema_keeper
  struct quota {
    int64_t second = 0;
    unsigned used = 0;
  };
  intake::idempotency_keys repeated_;
  std::map<std::string, quota> quarantined_; // by key name, this second's
};

intake_actor::behavior_type
intake_fun(intake_actor::stateful_pointer<intake_state> self,
           const intake_setup& setup);

} // namespace eventpulse
