/// The version of this build.
public let version = "0.1.0"
