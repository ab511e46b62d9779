//! Tests of the guard and of calls over real HTTP.
