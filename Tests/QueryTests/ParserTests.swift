import Query
import Testing
