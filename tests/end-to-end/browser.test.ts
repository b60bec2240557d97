// The pages in a real browser: Debian's chromium, light and dark.
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Server, startUnderstudy } from '../conformance/servers.ts'
import { openProgram, type Program } from './program.ts'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))
const WITHOUT = CHROMIUM === undefined && process.env.UNDERSTUDY_TEST_STRICT !== '1'
if (WITHOUT) console.warn('skipped: the pages in a browser; there is no chromium (apt-get install chromium)')

const SETTINGS = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'mlp', DATA_SIZE: 'small' }

let program: Program
let server: Server
let browser: Browser

beforeAll(async () => {
  if (WITHOUT) return
  program = await openProgram({ ...SETTINGS, GATE_THRESHOLD: '0.1' }) // nothing is good enough: a person is asked
  await program.json(['cycle', '--month', '2020-04'])
  server = await startUnderstudy(program.home, { settings: SETTINGS })
  browser = await chromium.launch({ executablePath: CHROMIUM ?? 'chromium', args: ['--no-sandbox'] })
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
  await program?.[Symbol.asyncDispose]()
})

/** Share of light in a colour, as contrast is reckoned (https://www.w3.org/TR/WCAG21/#dfn-relative-luminance). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((part) => {
    const value = Number(part) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** What runs in a page is text here: this program knows no types of a browser. */
const backgroundOf = (page: Page): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')

/** The lowest contrast of any text on a page with the page's background. */
async function lowestContrast(page: Page): Promise<number> {
  const inks = await page.evaluate<string[]>(
    `[...new Set([...document.querySelectorAll('body *')].map((part) => getComputedStyle(part).color))]`,
  )
  const below = luminance(await backgroundOf(page))
  return Math.min(
    ...inks.map((ink) => {
      const [dark = 0, light = 0] = [luminance(ink), below].toSorted((a, b) => a - b)
      return (light + 0.05) / (dark + 0.05)
    }),
  )
}

test.skipIf(WITHOUT).each(['light', 'dark'] as const)(
  'what waits, models, runs and curves can be read in a %s browser, without a script or a complaint',
  { timeout: 60_000 },
  async (colorScheme) => {
    const page = await browser.newPage({ colorScheme, viewport: { width: 390, height: 800 } })
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(server.address)
    const text = await page.textContent('main')
    expect(text).toContain('Decision 1')
    expect(text).toContain('v2 goes to Production, v1 is archived')
    expect(await lowestContrast(page)).toBeGreaterThan(4.5)
    expect(luminance(await backgroundOf(page)) > 0.5).toBe(colorScheme === 'light')
    const wide = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
    expect(wide, 'a telephone scrolls tables, not the page').toBeLessThanOrEqual(0)

    await page
      .getByRole('link', { name: /^train mlp/ })
      .first()
      .click()
    await page.waitForSelector('figure svg polyline')
    expect(await page.textContent('main')).toContain('opt_learning_rate')
    expect(await page.locator('figure').count()).toBeGreaterThan(3)
    expect(await lowestContrast(page)).toBeGreaterThan(4.5)

    await page.goto(`${server.address}/models/deliveries`)
    expect(await page.textContent('main')).toContain('v1Staging → Productionunderstudy')
    expect((await page.goto(`${server.address}/models/nobody`))?.status()).toBe(404)
    expect(complaints.filter((line) => !line.includes('404'))).toEqual([])
    expect(await page.locator('script, img, iframe, form').count()).toBe(0)
    await page.close()
  },
)
