// How the runs of Understudy's own lifecycle are told from other people's.

/** The tag that says what such a run was for. What these runs say is evidence, so they are sealed when they end, whoever wants to write. */
export const KIND_TAG = 'understudy.kind'
