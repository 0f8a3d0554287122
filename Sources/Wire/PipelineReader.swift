internal import Model

/// Reads what is told of pipelines. Keeps a parser: one for each thread.
public struct PipelineReader: ~Copyable {
    private let tape: JSONTape
    private let limits: PipelineLimits

    /// Nil when there is no memory.
    public init?(limits: PipelineLimits = PipelineLimits()) {
        guard let tape = JSONTape(bytesMax: limits.bodyBytes) else { return nil }
        self.tape = tape
        self.limits = limits
    }

    // MARK: Bodies

    /// The OpenLineage events of a body: one, or an array of them. O(bytes).
    public borrowing func lineage(_ body: [UInt8], isBatch: Bool) -> PipelineReading {
        read(body) { root in
            var reading = PipelineReading()
            guard isBatch || root.isArray else {
                reading.received = 1
                take(&reading) { () throws(PipelineFault) in
                    try OpenLineageEvent.read(root, limits)
                }
                return reading
            }
            guard root.isArray else { return .whole(.notAnEvent) }
            root.forEachElement { element in
                count(&reading) { () throws(PipelineFault) in
                    try OpenLineageEvent.read(element, limits)
                }
            }
            return reading
        }
    }

    /// The CloudEvents of a request that are about runs: binary, structured or a batch. O(bytes).
    public borrowing func cloudEvents(_ request: CloudEventBody) -> PipelineReading {
        let kind = request.contentType.prefix { $0 != ";" }.lowercased()
        if kind.hasPrefix("application/cloudevents") { return structured(request.body) }
        var attributes = CloudAttributes()
        for header in request.headers where header.name.hasPrefix("ce-") {
            guard let value = CloudAttributes.decoded(header.value) else {
                return .whole(.notAnEvent)
            }
            attributes.set(String(header.name.dropFirst(3)), value)
        }
        var reading = PipelineReading()
        reading.received = 1
        guard attributes.isWhole else { return .whole(.notAnEvent) }
        if PipelineCloudEvent.isInference(attributes.value("type")) {
            reading.inference = 1
            return reading
        }
        if request.body.isEmpty {
            take(&reading) { () throws(PipelineFault) in
                try PipelineCloudEvent.read(attributes, nil, limits)
            }
            return reading
        }
        return read(request.body) { root in
            var reading = reading
            take(&reading) { () throws(PipelineFault) in
                try PipelineCloudEvent.read(attributes, root, limits)
            }
            return reading
        }
    }

    /// What an MLflow webhook says. `delivery` is its `X-MLflow-Delivery-Id`. O(bytes).
    public borrowing func mlflow(_ body: [UInt8], delivery: String) -> PipelineReading {
        read(body) { root in
            var reading = PipelineReading()
            reading.received = 1
            take(&reading) { () throws(PipelineFault) in
                try MLflowEvent.read(root, delivery: delivery, limits)
            }
            return reading
        }
    }

    /// The alerts of an Alertmanager notification. O(bytes).
    public borrowing func alertmanager(_ body: [UInt8]) -> PipelineReading {
        read(body) { root in
            var reading = PipelineReading()
            reading.received = 1
            take(&reading) { () throws(PipelineFault) in
                try AlertmanagerEvent.read(root, limits)
            }
            return reading
        }
    }

    // MARK: Parts of them

    private borrowing func read(
        _ body: [UInt8], _ take: (TapeCursor) -> PipelineReading
    ) -> PipelineReading {
        guard body.count <= limits.bodyBytes else { return .whole(.tooLarge) }
        return unsafe body.withUnsafeBufferPointer { bytes in
            do throws(JSONFault) {
                return unsafe try tape.read(bytes, take)
            } catch { return .whole(PipelineFault(error)) }
        }
    }

    private func take(
        _ reading: inout PipelineReading, _ read: () throws(PipelineFault) -> [PipelineEvent]
    ) {
        do throws(PipelineFault) {
            reading.events += try read()
        } catch { reading.refuse(error) }
    }

    /// The same for one of many; false when there are too many.
    private func count(
        _ reading: inout PipelineReading, _ read: () throws(PipelineFault) -> [PipelineEvent]
    ) -> Bool {
        reading.received += 1
        guard reading.received <= limits.events else {
            reading.refuse(.tooMany)
            return false
        }
        take(&reading, read)
        return true
    }

    /// An event whose data are in base64, to be read when the tape is free again.
    private struct Packed {
        let index: Int
        let attributes: CloudAttributes
        let body: [UInt8]
    }

    private borrowing func structured(_ body: [UInt8]) -> PipelineReading {
        var packed: [Packed] = []
        var reading = read(body) { root in
            var reading = PipelineReading()
            if root.isArray {
                root.forEachElement { event in
                    count(&reading) { () throws(PipelineFault) in [] }
                        && take(event, &reading, &packed)
                }
            } else {
                reading.received = 1
                _ = take(root, &reading, &packed)
            }
            return reading
        }
        for one in packed {
            var own = read(one.body) { root in
                var own = PipelineReading()
                take(&own) { () throws(PipelineFault) in
                    try PipelineCloudEvent.read(one.attributes, root, limits)
                }
                return own
            }
            reading.events += own.events
            for place in own.refused.indices { own.refused[place].index = one.index }
            reading.refused += own.refused
        }
        return reading
    }

    private func take(
        _ event: TapeCursor, _ reading: inout PipelineReading, _ packed: inout [Packed]
    ) -> Bool {
        var attributes = CloudAttributes()
        var data: Int?
        var base64: [UInt8]?
        var isBroken = !event.isObject
        event.forEachMember { name, member in
            if name.isText("data") {
                data = member.index
            } else if name.isText("data_base64") {
                base64 = unsafe member.isString ? Base64.decoded(member.stringBytes) : nil
                if base64 == nil { isBroken = true }
            } else if let name = name.text(64), let text = member.text(limits.nameBytes) {
                attributes.set(name, text)
            }
            return true
        }
        guard !isBroken, attributes.isWhole else {
            reading.refuse(.notAnEvent)
            return true
        }
        if PipelineCloudEvent.isInference(attributes.value("type")) {
            reading.inference += 1
        } else if let base64 {
            packed.append(
                Packed(index: reading.received - 1, attributes: attributes, body: base64))
        } else {
            take(&reading) { () throws(PipelineFault) in
                try PipelineCloudEvent.read(attributes, data.map { event.at($0) }, limits)
            }
        }
        return true
    }
}
