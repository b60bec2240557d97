// The shapes of requests as JSON Schema, for the interface's description.
import { z } from 'zod'

export type JsonSchema = { readonly [key: string]: unknown }

/** What shapes are described as that zod cannot describe itself: by a schema, or like another shape. */
const DESCRIPTIONS = new WeakMap<object, JsonSchema | z.ZodType>()

/** Has a shape described by a JSON Schema, or as another shape would be. Returns the shape. */
export function describeAs<T extends z.ZodType>(shape: T, description: JsonSchema | z.ZodType): T {
  DESCRIPTIONS.set(shape, description)
  return shape
}

/** What a shape takes, as JSON Schema (2020-12). */
export function jsonSchemaOf(shape: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, {
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      const description = DESCRIPTIONS.get(zodSchema)
      if (description !== undefined) replace(jsonSchema, isShape(description) ? jsonSchemaOf(description) : description)
      else if (zodSchema instanceof z.ZodObject) replace(jsonSchema, { ...jsonSchema, ...requiredIn(zodSchema) })
    },
  })
  return schema
}

/** A field is required if its shape refuses that it is missing; transforming shapes do not say so themselves. */
function requiredIn(shape: z.ZodObject): { required?: string[] } {
  const fields = Object.entries<z.ZodType>(shape.shape)
  const required = fields.filter(([, field]) => !field.safeParse(undefined).success).map(([name]) => name)
  return { required: required.length === 0 ? undefined : required } as { required?: string[] } // taken away where there are none
}

function isShape(description: JsonSchema | z.ZodType): description is z.ZodType {
  return description instanceof z.ZodType
}

function replace(schema: object, by: JsonSchema): void {
  for (const key of Object.keys(schema)) Reflect.deleteProperty(schema, key)
  for (const [key, value] of Object.entries(by)) if (value !== undefined) Reflect.set(schema, key, value)
}
