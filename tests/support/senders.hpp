#pragma once
// Clients that send documents in every content type of POST /v1/events, each
// under its own source, so that the same document may be sent in all of them.

#include "tests/support/documents.hpp"
#include "tests/support/installation.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace eventpulse::test {

enum class content_type : uint8_t {
  plain,
  plain_array,
  structured,
  batch,
  binary,
  ndjson,
  gzip,
};

constexpr content_type content_types[] = {
    content_type::plain, content_type::plain_array, content_type::structured,
    content_type::batch, content_type::binary,      content_type::ndjson,
    content_type::gzip};

inline std::string source_of(content_type how) {
  switch (how) {
  case content_type::plain:
    return "urn:e2e:plain";
  case content_type::plain_array:
    return "urn:e2e:plain-array";
  case content_type::structured:
    return "urn:e2e:structured";
  case content_type::batch:
    return "urn:e2e:batch";
  case content_type::binary:
    return "urn:e2e:binary";
  case content_type::ndjson:
    return "urn:e2e:ndjson";
  case content_type::gzip:
    return "urn:e2e:gzip";
  }
  return {};
}

inline std::string gzipped(const std::string& text) {
  z_stream z{};
  constexpr int gzip_window = 15 + 16;
  if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2 failed");
  std::string out(deflateBound(&z, text.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const auto done = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (done != Z_STREAM_END)
    throw std::runtime_error("deflate failed");
  return out;
}

/// Sends all documents in one content type, in their order; stops at the first
/// answer that is not what it should be.
class sender_client {
public:
  sender_client(const installation& to, content_type how)
      : how_(how), source_(source_of(how)),
        base_(to.request("POST", "/v1/events")) {}

  /// Empty when every one was answered 202.
  std::string send(const std::vector<document>& all) {
    if (how_ == content_type::ndjson)
      return stream(all);
    const auto singly = how_ == content_type::plain ||
                        how_ == content_type::structured ||
                        how_ == content_type::binary;
    const size_t together = singly ? 1 : 100;
    std::string wrong;
    for (size_t i = 0; i < all.size() && wrong.empty(); i += together) {
      const auto count = std::min(together, all.size() - i);
      wrong = checked(call(link_, request_of(&all[i], count)), count, singly);
    }
    return wrong;
  }

private:
  std::string event(const document& d, bool cloud_event) const {
    return std::string{cloud_event ? R"({"specversion":"1.0",)" : "{"} +
           R"("id":")" + d.id + R"(","source":")" + source_ + R"(","type":")" +
           d.type + R"(","data":)" + d.bytes + '}';
  }

  std::string array(const document* first, size_t count, bool cloud) const {
    std::string out = "[";
    for (size_t i = 0; i < count; ++i)
      out += (i == 0 ? "" : ",") + event(first[i], cloud);
    return out + ']';
  }

  http::client_request request_of(const document* first, size_t count) const {
    auto out = base_;
    auto type = "application/json";
    switch (how_) {
    case content_type::plain:
      out.body = event(*first, false);
      break;
    case content_type::structured:
      type = "application/cloudevents+json";
      out.body = event(*first, true);
      break;
    case content_type::binary:
      out.headers.insert(out.headers.end(), {{"ce-specversion", "1.0"},
                                             {"ce-id", first->id},
                                             {"ce-source", source_},
                                             {"ce-type", first->type}});
      out.body = first->bytes;
      break;
    case content_type::plain_array:
      out.body = array(first, count, false);
      break;
    case content_type::batch:
      type = "application/cloudevents-batch+json";
      out.body = array(first, count, true);
      break;
    case content_type::gzip:
      out.headers.emplace_back("Content-Encoding", "gzip");
      out.body = gzipped(array(first, count, false));
      break;
    case content_type::ndjson:
      throw std::logic_error("NDJSON is streamed");
    }
    out.headers.emplace_back("Content-Type", type);
    return out;
  }

  static std::string checked(const http::client_response& answer, size_t count,
                             bool singly) {
    const auto text = std::to_string(answer.status) + ' ' + answer.body;
    if (answer.status != 202)
      return text;
    const auto told = boost::json::parse(answer.body).as_object();
    const auto good =
        singly ? told.at("status") == "accepted"
               : told.at("accepted") == count && told.at("rejected") == 0;
    return good ? "" : text;
  }

  /// A line a document, cut into pieces anywhere.
  std::string stream(const std::vector<document>& all) {
    constexpr size_t piece_bytes = 5000;
    auto what = base_;
    what.headers.emplace_back("Content-Type", "application/x-ndjson");
    std::string pending;
    size_t next = 0;
    const auto answer = link_.upload(what, [&]() -> std::optional<std::string> {
      while (pending.size() < piece_bytes && next < all.size())
        pending += event(all[next++], false) + '\n';
      if (pending.empty())
        return std::nullopt;
      auto piece = pending.substr(0, piece_bytes);
      pending.erase(0, piece.size());
      return piece;
    });
    return answer ? checked(*answer, all.size(), false)
                  : to_string(answer.error());
  }

  content_type how_;
  std::string source_;
  http::client_request base_;
  http::client link_;
};

/// All documents in all content types at once, a thread each; join() tells what
/// went wrong.
class crowd {
public:
  crowd(const installation& to, const std::vector<document>& all) {
    for (const auto how : content_types)
      threads_.emplace_back([&all,
                             client = std::make_shared<sender_client>(to, how),
                             &wrong = wrong_[static_cast<size_t>(how)]] {
        try {
          wrong = client->send(all);
        } catch (const std::exception& e) {
          wrong = e.what();
        }
      });
  }
  ~crowd() { join(); }
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;

  /// A line a content type that was not answered as it should be.
  std::string join() {
    for (auto& t : threads_)
      t.join();
    threads_.clear();
    std::string out;
    for (const auto how : content_types)
      if (const auto& wrong = wrong_[static_cast<size_t>(how)]; !wrong.empty())
        out += source_of(how) + ": " + wrong + '\n';
    return out;
  }

private:
  std::string wrong_[std::size(content_types)];
  std::vector<std::thread> threads_;
};

} // namespace eventpulse::test
