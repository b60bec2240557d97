// registered-models/* and model-versions/*, all but the searches
import { z } from 'zod'
import { keyValue, list, MOST_ENTRIES, optionalBoolean, optionalText, text, textOrEmpty } from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

const modelName = z.object({ name: text })
const versionName = z.object({ name: text, version: text })
const aliasName = z.object({ name: text, alias: text })

const latestVersions = {
  path: 'registered-models/get-latest-versions',
  summary: 'The newest version in each stage, or in the stages asked for',
  request: z.object({ name: text, stages: list(text, MOST_ENTRIES) }),
}

const MODEL_ROUTES = [
  mlflowRoute({
    method: 'POST',
    path: 'registered-models/create',
    summary: 'Makes a registered model, without versions yet',
    request: z.object({ name: text, tags: list(keyValue, MOST_ENTRIES), description: optionalText }),
    run: async (model, store) => ({ registered_model: await store.createRegisteredModel(model) }),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'registered-models/get',
    summary: 'A registered model with its newest version in each stage, tags and aliases',
    request: modelName,
    run: async ({ name }, store) => ({ registered_model: await store.getRegisteredModel(name) }),
  }),
  mlflowRoute({
    method: 'PATCH',
    path: 'registered-models/update',
    summary: 'Gives a registered model another description',
    request: z.object({ name: text, description: textOrEmpty }),
    run: async ({ name, description }, store) => ({
      registered_model: await store.updateRegisteredModel(name, description),
    }),
  }),
  mlflowRoute({
    method: 'POST',
    path: 'registered-models/rename',
    summary: 'Gives a registered model another name',
    request: z.object({ name: text, new_name: text }),
    run: async ({ name, new_name }, store) => ({ registered_model: await store.renameRegisteredModel(name, new_name) }),
  }),
  mlflowRoute({
    method: 'DELETE',
    path: 'registered-models/delete',
    summary: 'Deletes a registered model with its versions',
    request: modelName,
    run: async ({ name }, store) => {
      await store.deleteRegisteredModel(name)
      return {}
    },
  }),
  mlflowRoute({
    ...latestVersions,
    method: 'POST',
    run: async ({ name, stages }, store) => versions(await store.getLatestVersions(name, stages)),
  }),
  mlflowRoute({
    ...latestVersions,
    method: 'GET',
    run: async ({ name, stages }, store) => versions(await store.getLatestVersions(name, stages)),
  }),
  mlflowRoute({
    method: 'POST',
    path: 'registered-models/set-tag',
    summary: 'Gives a registered model a tag, or an existing tag another value',
    request: z.object({ name: text, key: text, value: textOrEmpty }),
    run: async ({ name, ...tag }, store) => {
      await store.setRegisteredModelTag(name, tag)
      return {}
    },
  }),
  mlflowRoute({
    method: 'DELETE',
    path: 'registered-models/delete-tag',
    summary: 'Takes a tag from a registered model',
    request: z.object({ name: text, key: text }),
    run: async ({ name, key }, store) => {
      await store.deleteRegisteredModelTag(name, key)
      return {}
    },
  }),
]

const ALIAS_ROUTES = [
  mlflowRoute({
    method: 'POST',
    path: 'registered-models/alias',
    summary: 'Lets an alias stand for a version',
    request: aliasName.extend({ version: text }),
    run: async ({ alias, ...version }, store) => {
      await store.setAlias(version, alias)
      return {}
    },
  }),
  mlflowRoute({
    method: 'DELETE',
    path: 'registered-models/alias',
    summary: 'Takes an alias away',
    request: aliasName,
    run: async ({ name, alias }, store) => {
      await store.deleteAlias(name, alias)
      return {}
    },
  }),
  mlflowRoute({
    method: 'GET',
    path: 'registered-models/alias',
    summary: 'The version that an alias stands for',
    request: aliasName,
    run: async ({ name, alias }, store) => ({ model_version: await store.getVersionByAlias(name, alias) }),
  }),
]

const VERSION_ROUTES = [
  mlflowRoute({
    method: 'POST',
    path: 'model-versions/create',
    summary:
      'Makes the next version of a registered model from files that a run or a logged model has, or an object store',
    request: z.object({
      name: text,
      source: text,
      run_id: optionalText,
      tags: list(keyValue, MOST_ENTRIES),
      run_link: optionalText,
      description: optionalText,
      model_id: optionalText,
    }),
    run: async ({ run_id, run_link, model_id, ...version }, store) => ({
      model_version: await store.createModelVersion({
        ...version,
        runId: run_id,
        runLink: run_link,
        modelId: model_id,
      }),
    }),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'model-versions/get',
    summary: 'A version with its tags and aliases',
    request: versionName,
    run: async (version, store) => ({ model_version: await store.getModelVersion(version) }),
  }),
  mlflowRoute({
    method: 'PATCH',
    path: 'model-versions/update',
    summary: 'Gives a version another description',
    request: versionName.extend({ description: optionalText }),
    run: async ({ description, ...version }, store) => ({
      model_version: await store.updateModelVersion(version, description),
    }),
  }),
  mlflowRoute({
    method: 'DELETE',
    path: 'model-versions/delete',
    summary: 'Deletes a version; its number is not given again',
    request: versionName,
    run: async (version, store) => {
      await store.deleteModelVersion(version)
      return {}
    },
  }),
  mlflowRoute({
    method: 'GET',
    path: 'model-versions/get-download-uri',
    summary: "Where a version's files lie",
    request: versionName,
    run: async (version, store) => ({ artifact_uri: await store.getDownloadUri(version) }),
  }),
  mlflowRoute({
    method: 'POST',
    path: 'model-versions/transition-stage',
    summary: 'Moves a version to a stage, and archives those that are there if asked to',
    request: versionName.extend({ stage: text, archive_existing_versions: optionalBoolean }),
    run: async ({ stage, archive_existing_versions: archivesOthers = false, ...version }, store) => ({
      model_version: await store.transitionStage(version, { stage, archivesOthers }),
    }),
  }),
  mlflowRoute({
    method: 'POST',
    path: 'model-versions/set-tag',
    summary: 'Gives a version a tag, or an existing tag another value',
    request: versionName.extend({ key: text, value: textOrEmpty }),
    run: async ({ name, version, ...tag }, store) => {
      await store.setModelVersionTag({ name, version }, tag)
      return {}
    },
  }),
  mlflowRoute({
    method: 'DELETE',
    path: 'model-versions/delete-tag',
    summary: 'Takes a tag from a version',
    request: versionName.extend({ key: text }),
    run: async ({ key, ...version }, store) => {
      await store.deleteModelVersionTag(version, key)
      return {}
    },
  }),
]

export const REGISTRY_ROUTES = [...MODEL_ROUTES, ...ALIAS_ROUTES, ...VERSION_ROUTES]

/** No versions are no field, as protobuf has it. */
function versions(found: readonly object[]): object {
  return found.length === 0 ? {} : { model_versions: found }
}
