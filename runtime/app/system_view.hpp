#pragma once
// What `eventpulse top` shows: GET /v1/system as text for a terminal. Pure.

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace eventpulse {

struct system_view_options {
  bool colours = false; // ANSI, for what needs looking at
  size_t columns_max = 120;
};

/// Keeps what the last answer said, for rates.
class system_view {
public:
  explicit system_view(system_view_options o) : options_(o) {}

  /// Lines with their LF. Shapes it does not know are shown as "-".
  std::string render(const boost::json::value& answer);

private:
  struct sample {
    int64_t at_ms = 0;
    double messages = 0;
  };

  void add_head(const boost::json::object& all);
  void add_processes(const boost::json::object& all);
  void add_partitions(const boost::json::object& all);
  void add_flow(const boost::json::object& all);
  void add_actors(const boost::json::object& all);
  void add_node(const boost::json::object& node, const std::string& path,
                size_t depth, int64_t at_ms);
  void add_actor_line(const boost::json::object& node, const std::string& path,
                      const std::string& name, size_t depth, int64_t at_ms);
  std::string rate(const std::string& path, double messages, int64_t at_ms);
  void line(std::string text, const char* colour = nullptr);

  system_view_options options_;
  std::string out_;
  std::map<std::string, sample> before_; // by process and place in its tree
  std::map<std::string, sample> now_;
};

} // namespace eventpulse
