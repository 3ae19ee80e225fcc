#pragma once
// Actors that count themselves. CAF 0.17 as Debian builds it has neither
// metrics nor profiler hooks, and a mailbox may be asked for its size by its
// own actor only. What it has are two virtual functions that every message
// passes: enqueue, on the sender's thread, and consume, on the actor's. A
// metered actor is the same actor with a probe in both, at the cost of two
// looks at the clock a message. Spawn every actor of the product by these; with
// no metrics (in tests) they are CAF's own spawn.

#include "runtime/telemetry/metrics.hpp"

#include <caf/actor_system.hpp>
#include <caf/detail/init_fun_factory.hpp>
#include <caf/invoke_message_result.hpp>
#include <caf/local_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/spawn_options.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace eventpulse {

namespace detail {

struct metering {
  actor_probes* probes;
  std::string kind;
  uint64_t owner;
};

template <class Impl>
class metered final : public Impl {
public:
  struct from_function {};
  struct from_class {};

  template <class F, class... Ts>
  metered(caf::actor_config& cfg, from_function, const metering& how, F fun,
          Ts&&... xs)
      : Impl(with_start(cfg, std::move(fun), std::forward<Ts>(xs)...)) {
    open(how);
  }

  template <class... Ts>
  metered(caf::actor_config& cfg, from_class, const metering& how, Ts&&... xs)
      : Impl(cfg, std::forward<Ts>(xs)...) {
    open(how);
  }

  using Impl::consume;
  using Impl::enqueue;

  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* host) override {
    probe_->queued();
    Impl::enqueue(std::move(what), host);
  }

  caf::invoke_message_result consume(caf::mailbox_element& what) override {
    handling now{*probe_};
    auto outcome = Impl::consume(what);
    now.is_skipped = outcome == caf::invoke_message_result::skipped;
    return outcome;
  }

  bool cleanup(caf::error&& why, caf::execution_unit* host) override {
    probes_->close(this->id());
    return Impl::cleanup(std::move(why), host);
  }

private:
  /// Also ends when the handler throws.
  struct handling {
    explicit handling(actor_probe& p) : probe(p) { p.begin(); }
    ~handling() { is_skipped ? probe.skipped() : probe.end(); }
    actor_probe& probe;
    bool is_skipped = false;
  };

  template <class F, class... Ts>
  static caf::actor_config& with_start(caf::actor_config& cfg, F fun,
                                       Ts&&... xs) {
    caf::detail::init_fun_factory<Impl, F> factory;
    cfg.init_fun = factory(std::move(fun), std::forward<Ts>(xs)...);
    return cfg;
  }

  void open(const metering& how) {
    probes_ = how.probes;
    probe_ = probes_->open(how.kind, this->id(), how.owner);
  }

  actor_probes* probes_ = nullptr;
  actor_probe_ptr probe_;
};

inline uint64_t owner_of(const caf::actor_system&) {
  return 0;
}
inline uint64_t owner_of(const caf::local_actor& host) {
  return host.id();
}

} // namespace detail

/// host.spawn<Os>(fun, xs...), counted under `kind`. `Host` is an actor or the
/// actor system; `meters` outlives the actor.
template <caf::spawn_options Os = caf::no_spawn_options, class Host, class F,
          class... Ts>
caf::infer_handle_from_fun_t<F> spawn_metered(Host& host, metrics* meters,
                                              std::string_view kind, F fun,
                                              Ts&&... xs) {
  if (!meters)
    return host.template spawn<Os>(std::move(fun), std::forward<Ts>(xs)...);
  meters->actor_restarts(kind); // shown also while there are none
  using impl = detail::metered<caf::infer_impl_from_fun_t<F>>;
  return host.template spawn<impl, Os>(
      typename impl::from_function{},
      detail::metering{&meters->actors(), std::string{kind},
                       caf::has_link_flag(Os) ? detail::owner_of(host) : 0},
      std::move(fun), std::forward<Ts>(xs)...);
}

/// The same for an actor that is a class.
template <class Impl, class Host, class... Ts>
auto spawn_metered_class(Host& host, metrics* meters, std::string_view kind,
                         Ts&&... xs) {
  if (!meters)
    return host.template spawn<Impl>(std::forward<Ts>(xs)...);
  meters->actor_restarts(kind);
  using impl = detail::metered<Impl>;
  return host.template spawn<impl>(
      typename impl::from_class{},
      detail::metering{&meters->actors(), std::string{kind}, 0},
      std::forward<Ts>(xs)...);
}

} // namespace eventpulse
