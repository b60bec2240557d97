// Which of what was deleted is shown.

export const VIEW_TYPES = ['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'] as const
export type ViewType = (typeof VIEW_TYPES)[number]

/** The stages of life of what a view shows. */
export function stagesOf(viewType: ViewType): readonly string[] {
  switch (viewType) {
    case 'ACTIVE_ONLY':
      return ['active']
    case 'DELETED_ONLY':
      return ['deleted']
    case 'ALL':
      return ['active', 'deleted']
  }
}
