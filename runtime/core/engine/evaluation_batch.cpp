#include "runtime/core/engine/evaluation_batch.hpp"

#include "runtime/core/base/check.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/engine/event_view.hpp"

#include <boost/json/monotonic_resource.hpp>

#include <deque>

namespace eventpulse {

struct evaluation_batch::contents {
  std::vector<event> own;
  persisted_batch_ptr shared;
  // Payloads are read only and die together, so they share one block.
  boost::json::monotonic_resource memory{16'384};
  std::deque<boost::json::value> payloads;
  std::vector<event_view> views;
};

evaluation_batch::evaluation_batch(std::unique_ptr<contents> in,
                                   std::span<const event> events)
    : in_(std::move(in)), events_(events) {
  in_->views.reserve(events.size());
  for (const auto& e : events)
    in_->views.emplace_back(e, parsed_payload{});
}

evaluation_batch::~evaluation_batch() = default;

void evaluation_batch::parse(size_t index) {
  const auto& d = events_[index].document;
  auto& view = in_->views[index];
  if (d.kind != payload_kind::json ||
      view.payload().what != parsed_payload::state::skipped)
    return;
  boost::system::error_code failed;
  auto parsed = parse_kept_json(d.payload, failed,
                                boost::json::storage_ptr{&in_->memory});
  if (failed) {
    view.set_payload({parsed_payload::state::broken, nullptr});
    return;
  }
  in_->payloads.push_back(std::move(parsed));
  view.set_payload({parsed_payload::state::json, &in_->payloads.back()});
}

std::shared_ptr<evaluation_batch>
evaluation_batch::begin(std::vector<event> events) {
  auto in = std::make_unique<contents>();
  in->own = std::move(events);
  const std::span<const event> all{in->own};
  return std::shared_ptr<evaluation_batch>(
      new evaluation_batch(std::move(in), all));
}

std::shared_ptr<evaluation_batch>
evaluation_batch::begin(persisted_batch_ptr batch) {
  EP_EXPECT(batch != nullptr);
  auto in = std::make_unique<contents>();
  in->shared = std::move(batch);
  const std::span<const event> all{in->shared->events};
  return std::shared_ptr<evaluation_batch>(
      new evaluation_batch(std::move(in), all));
}

namespace {

std::shared_ptr<const evaluation_batch>
parsed(std::shared_ptr<evaluation_batch> batch,
       const evaluation_batch::data_choice& choice) {
  if (choice.parse == evaluation_batch::data_choice::how::listed)
    EP_EXPECT(choice.listed.size() == batch->size());
  for (size_t i = 0; i < batch->size(); ++i)
    if (choice.wants(i))
      batch->parse(i);
  return batch;
}

} // namespace

std::shared_ptr<const evaluation_batch>
evaluation_batch::make(std::vector<event> events, const data_choice& choice) {
  return parsed(begin(std::move(events)), choice);
}

std::shared_ptr<const evaluation_batch>
evaluation_batch::make(persisted_batch_ptr batch, const data_choice& choice) {
  return parsed(begin(std::move(batch)), choice);
}

cel::value evaluation_batch::view(size_t index) const {
  EP_EXPECT(index < in_->views.size());
  // Aliasing without an owner: no reference counting on the common path.
  return cel::value::of(std::shared_ptr<const cel::object>(
      std::shared_ptr<void>{}, &in_->views[index]));
}

} // namespace eventpulse
