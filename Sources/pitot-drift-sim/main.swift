// Prints what docs/drift.md promises, simulated. `make drift-sim`; see Simulation.swift.
Simulation.run(Array(CommandLine.arguments.dropFirst()))
