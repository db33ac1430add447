/** Cases day by day, drawn by uPlot, which only this page loads. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { locale } from '../../base/text';
import { Skeleton } from '../../base/ui';
import { seriesOf, type Day } from './shapes';
import { tf } from './text';

const HEIGHT = 280;

export function DayChart({ days, since, until }: { days: readonly Day[]; since: string; until: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    let wanted = true;
    let chart: uPlot | null = null;
    let watch: ResizeObserver | null = null;
    void Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([{ default: Plot }]) => {
      const element = place.current;
      if (!wanted || element === null) return;
      const style = getComputedStyle(element);
      const colour = (name: string): string => style.getPropertyValue(name).trim();
      const axis = { stroke: colour('--ink-2'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 }, font: `12px ${style.fontFamily}` };
      const date = new Intl.DateTimeFormat(locale.value, { day: 'numeric', month: 'short', timeZone: 'UTC' });
      const whole = (_plot: uPlot, splits: number[]): string[] => splits.map((value) => (Number.isInteger(value) ? String(value) : ''));
      const data = seriesOf(days, since, until);
      const line = (label: string, name: string, width = 2) => ({ label, stroke: colour(name), width, points: { show: data[0].length < 40, size: 5 } });
      chart = new Plot(
        {
          width: element.clientWidth, height: HEIGHT,
          tzDate: (seconds) => Plot.tzDate(new Date(seconds * 1e3), 'Etc/UTC'),
          scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
          series: [
            { label: tf('fig.day'), value: (_plot, at) => (at === null ? '–' : date.format(new Date(at * 1000))) },
            { ...line(tf('fig.opened'), '--note'), fill: `${colour('--note')}18` }, line(tf('fig.by_video'), '--warn'), line(tf('fig.resolved'), '--proof'),
          ],
          axes: [{ ...axis, values: (_plot, splits) => splits.map((at) => date.format(new Date(at * 1000))), space: 64, incrs: [1, 2, 7, 14, 28, 91].map((day) => day * 86_400) }, { ...axis, size: 40, values: whole }],
          cursor: { drag: { setScale: false } },
          // Without a pointer the legend tells the newest day.
          hooks: { setCursor: [(plot) => { if (plot.cursor.idx == null) plot.setLegend({ idx: data[0].length - 1 }, false); }] },
        },
        data, element,
      );
      chart.setLegend({ idx: data[0].length - 1 }, false);
      watch = new ResizeObserver(() => chart?.setSize({ width: element.clientWidth, height: HEIGHT }));
      watch.observe(element);
      setDrawn(true);
    });
    return () => { wanted = false; watch?.disconnect(); chart?.destroy(); };
  }, [days, since, until]);
  return (
    <div class="day-chart" role="img" aria-label={tf('fig.chart')} data-test="day-chart" data-drawn={drawn}>
      {drawn ? null : <Skeleton height={HEIGHT} />}
      <div ref={place} />
    </div>
  );
}
