import { expect, test } from 'vitest'
import { OWN, RECIPE } from './recipe-lines.ts'

const mae = { name: 'mae', unit: 'USD' } as const

test("the recipe's lines are word for word its own", () => {
  // Where its program and its description differ by a word, the description's.
  expect([
    RECIPE.useCase('train'),
    RECIPE.done('train'),
    RECIPE.dataLoaded(455, 7),
    RECIPE.dataCleaned(),
    RECIPE.processed(447, 65),
    RECIPE.modelInitialized(),
    RECIPE.modelCompiled(),
    RECIPE.modelTrained(84_882, mae, 2.5149),
    RECIPE.modelEvaluated(mae, 2.7),
    RECIPE.resultsSaved('local'),
    RECIPE.resultsSaved('mlflow'),
    RECIPE.modelSaved('local'),
    RECIPE.modelSaved('mlflow'),
    RECIPE.modelLoaded('local'),
    RECIPE.modelLoaded('mlflow'),
    RECIPE.autologDone(),
    RECIPE.transitioned('taxifare', 1, 'None', 'Staging'),
    RECIPE.tooFewRows(),
    RECIPE.noRows(),
    RECIPE.noModel(),
    RECIPE.noModelFound('taxifare', 'Production'),
  ]).toEqual([
    '⭐️ Use case: train',
    '✅ train() done',
    '✅ Data loaded, with shape (455, 7)',
    '✅ data cleaned',
    '✅ X_processed, with shape (447, 65)',
    '✅ Model initialized',
    '✅ Model compiled',
    '✅ Model trained on 84882 rows with min val MAE: 2.515',
    '✅ Model evaluated, MAE: 2.700',
    '✅ Results saved locally',
    '✅ Results saved on mlflow',
    '✅ Model saved locally',
    '✅ Model saved to mlflow',
    '✅ Model loaded from local disk',
    '✅ model loaded from mlflow',
    '✅ mlflow_run autolog done',
    '✅ Model taxifare version 1 transitioned from None to Staging',
    '❌ Not enough processed data retrieved to train on',
    '❌ No data to evaluate on',
    '❌ No model to evaluate',
    '❌ No model found with name taxifare in stage Production',
  ])
})

test('the verdict is said as the recipe says it, and a figure that does not exist is none', () => {
  expect(RECIPE.replaced(mae, { old: 2.4, new: 2.3 })).toBe(
    '🚀 New model replacing old in production with MAE: 2.300 the Old MAE was: 2.400',
  )
  expect(RECIPE.keptInPlace(mae, { old: 2.4, new: null })).toBe(
    'Old model kept in place with MAE: 2.400. The new MAE was: none',
  )
})

test('what cleaning left out is told in words, by reason', () => {
  const left = { duplicates: 0, nulls: 0, no_coordinates: 3, fare_too_high: 1_200 }
  expect(OWN.leftOut(20_000, 18_797, left, 'rides')).toBe(
    '   18,797 of 20,000 rides kept; left out: 3 no coordinates, 1,200 fare too high',
  )
  expect(OWN.leftOut(7, 7, { nulls: 0 }, 'rides')).toBe('   7 of 7 rides kept')
})
