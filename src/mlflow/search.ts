// The five searches.
import type { StoreContext } from './context.ts'
import { type FoundExperiments, type SearchExperiments, searchExperiments } from './search-experiments.ts'
import { type FoundLoggedModels, type SearchLoggedModels, searchLoggedModels } from './search-logged-models.ts'
import {
  type FoundModels,
  type FoundVersions,
  type SearchRegistry,
  searchModelVersions,
  searchRegisteredModels,
} from './search-registry.ts'
import { type FoundRuns, type SearchRuns, searchRuns } from './search-runs.ts'

export function searchOperations(context: StoreContext) {
  return {
    searchExperiments: (search: SearchExperiments): Promise<FoundExperiments> => searchExperiments(context, search),
    searchRuns: (search: SearchRuns): Promise<FoundRuns> => searchRuns(context, search),
    searchRegisteredModels: (search: SearchRegistry): Promise<FoundModels> => searchRegisteredModels(context, search),
    searchModelVersions: (search: SearchRegistry): Promise<FoundVersions> => searchModelVersions(context, search),
    searchLoggedModels: (search: SearchLoggedModels): Promise<FoundLoggedModels> => searchLoggedModels(context, search),
  }
}
