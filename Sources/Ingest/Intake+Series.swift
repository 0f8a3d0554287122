public import Model
import Storage

// Series, their targets, senders and consumers: what is worked out once for each new label set.

extension Intake {
    /// Adds a series and gives it a target. A replica's series gets a second one, without the
    /// replica labels, which it shares with the other replicas.
    mutating func add(_ labels: Labels, now: Timestamp) -> AddedSeries {
        guard let split = splitReplica(labels) else {
            let id = place(labels, stored: nil, replica: .empty, now: now)
            return AddedSeries(id: id, routable: id)
        }
        let known = store.find(split.series)
        if let known, places[Int(known.index)].role == .made { _ = adopt(known, now: now) }
        let shared = known ?? place(split.series, stored: nil, replica: nil, now: now)
        let id = place(labels, stored: shared, replica: split.replica, now: now)
        places[Int(id.index)].feed = places[Int(shared.index)].feed
        return AddedSeries(id: id, routable: known == nil ? shared : nil)
    }

    private mutating func place(
        _ labels: Labels, stored: SeriesID?, replica: Labels?, now: Timestamp
    ) -> SeriesID {
        let id = store.add(labels)
        let name = labels[Labels.metricName] ?? ""
        let role = role(of: name)
        let target: UInt32
        if let stored {
            target = places[Int(stored.index)].target
            sharers[stored.index, default: []].append(id.index)
        } else {
            cardinality.add(
                namespace: cardinality.namespace(labels[Cardinality.namespaceLabel] ?? ""),
                metric: name)
            target = targetIndex(of: labels, now: now)
        }
        if role == .up { targets[Int(target)].hasUp = true }
        let number = replica.map { targets[Int(target)].number(of: $0, now: now) } ?? 0
        targets[Int(target)].series += 1
        places.append(
            SeriesPlace(
                target: target, metric: metricIndex(name), feed: SeriesPlace.noFeed,
                stored: stored?.index ?? id.index, role: role, replica: number))
        return id
    }

    func role(of metric: String) -> SeriesPlace.Role {
        metric == "up" ? .up : metric == "process_start_time_seconds" ? .processStart : .plain
    }

    /// The target a series belongs to.
    public func target(of id: SeriesID) -> UInt32 { places[Int(id.index)].target }

    /// Whether consumers can count it: a replica's series is counted through the shared one, and
    /// what rules make is counted by nobody.
    public func isRoutable(_ id: SeriesID) -> Bool {
        let place = places[Int(id.index)]
        return place.stored == id.index && place.role != .made
    }

    /// Sets who counts a series from its next sample on. What was stored of it before is its
    /// starting value, so nothing between is lost or invented.
    public mutating func route(_ id: SeriesID, to routes: [Route]) {
        guard isRoutable(id) else { return }
        let index = Int(id.index)
        let place = places[index]
        guard place.feed == SeriesPlace.noFeed else {
            feeds[Int(place.feed)].route(to: routes)
            noteFamily(place.feed, of: store.labels(of: id))
            return
        }
        guard !routes.isEmpty else { return }
        let tail = store.tail(of: id)
        var cursor = CounterCursor()
        if !tail.isEmpty {
            cursor = .showsNoCount
            if Counter.isCount(tail.value) {
                cursor = CounterCursor(time: tail.time, value: tail.value)
            }
        }
        let feed = addFeed(
            Feed(startingAt: cursor, metric: place.metric, target: place.target, routes: routes))
        places[index].feed = feed
        noteFamily(feed, of: store.labels(of: id))
        for sharer in sharers[id.index] ?? [] { places[Int(sharer)].feed = feed }
        if !isWatched[Int(place.target)] {
            isWatched[Int(place.target)] = true
            watched.append(place.target)
        }
    }

    private mutating func addFeed(_ feed: Feed) -> UInt32 {
        if let free = freeFeeds.popLast() {
            feeds[Int(free)] = feed
            return free
        }
        feeds.append(feed)
        return UInt32(feeds.count - 1)
    }

    /// Call before consumers change: what late samples would correct is theirs no more.
    public mutating func willReroute() { settleAll() }

    mutating func metricIndex(_ name: String) -> UInt32 {
        if let known = metrics[name] { return known }
        let index = UInt32(metrics.count)
        metrics[name] = index
        return index
    }

    private static let senderLabels = ["cluster", "prometheus", "prometheus_replica"]

    mutating func targetIndex(of labels: Labels, now: Timestamp) -> UInt32 {
        let isSingleton = labels["instance"] == nil
        let identity =
            isSingleton ? labels : labels.keeping(Self.senderLabels + ["job", "instance"])
        if let known = targetByIdentity[identity] { return known }
        let index = UInt32(targets.count)
        targetByIdentity[identity] = index
        let sender = senderIndex(labels.keeping(Self.senderLabels))
        var target = Target(identity: identity, sender: sender, isSingleton: isSingleton)
        target.replicas = [Replica(name: nil, lastArrival: now)]
        targets.append(target)
        isWatched.append(false)
        return index
    }

    private mutating func senderIndex(_ identity: Labels) -> UInt32 {
        if let known = senderByIdentity[identity] { return known }
        let index = UInt32(senders.count)
        senderByIdentity[identity] = index
        senders.append(Sender(identity: identity))
        return index
    }
}
