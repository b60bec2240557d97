// How the runs of Understudy's own lifecycle are told from other people's.

/** The tag that says what such a run was for. What these runs say is evidence, so they are sealed when they end, whoever wants to write. */
export const KIND_TAG = 'understudy.kind'

/** Begins the tags in which the lifecycle says of a version what it was made of and what came of it. */
export const OWN_TAGS = 'understudy.'

/** Those of a version's that the lifecycle may write again: what was measured of it later (how they begin), and what was decided. */
export const HOLDOUT_TAGS = 'understudy.holdout_'
export const VERDICT_TAG = 'understudy.verdict'
