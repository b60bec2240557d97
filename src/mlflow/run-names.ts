// Names for runs that were given none: an adjective, a noun and a number, at most 20 letters together.
import { randomInt } from 'node:crypto'

const ADJECTIVES =
  'able agile amber ample apt ashen blithe bold brave breezy bright brisk calm candid clear clever cosy crisp deft eager early even fair fleet frank fresh gentle glad golden grand hale happy hardy hazel honest humble keen kind light lively lucid lunar mellow merry mild misty modest neat nimble noble patient placid plain poised polite prime proud quick quiet rapid ready robust rosy serene sharp shiny silent silver simple sincere sleek smooth snug solar solid spry stable steady stout subtle sunny swift tender tidy tranquil trusty upbeat vivid warm wise witty zesty'
    .split(' ')
    .filter((word) => word.length <= 7)

const NOUNS =
  'acorn alder anchor aspen badger beacon beech birch bison brook cedar cliff clover comet coral cove crane creek crow delta dune eagle elm ember falcon fern finch fjord flint forest fox gale glade grove gull harbor hare hawk heron hill ibis iris island jay kelp kite lagoon lake larch lark ledge lichen linden lynx maple marsh meadow mesa moor moss oak ocean orchid osprey otter owl pebble pike pine plover pond poplar puffin quail quartz raven reef ridge river robin rowan sage seal shore sparrow spruce stone stork stream summit swan teal thistle tide trout tulip valley violet walnut willow wolf wren'
    .split(' ')
    .filter((word) => word.length <= 7)

/** `brisk-heron-412` */
export function randomRunName(): string {
  return `${ADJECTIVES[randomInt(ADJECTIVES.length)]}-${NOUNS[randomInt(NOUNS.length)]}-${randomInt(1000)}`
}
