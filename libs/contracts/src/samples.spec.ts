import { describe, expect, it } from '@jest/globals';
import { EVENT_TYPES } from './catalogue.js';
import { OUTCOME_SUFFIXES } from './outcome-catalogue.js';
import { readEvent, readOutcomeEvent } from './read.js';
import { sampleOutcomeOf } from './sample-outcomes.js';
import { sampleOf } from './samples.js';
import { writeEvent } from './write.js';

describe('every type of the catalogue has a sample that arrives as it was sent', () => {
  it.each(EVENT_TYPES)('%s', (type) => {
    const event = sampleOf(type);
    const { content, properties } = writeEvent(event);
    expect(readEvent(content, properties)).toEqual({ kind: 'event', event });
  });

  it.each(OUTCOME_SUFFIXES)('%s', (suffix) => {
    const event = sampleOutcomeOf(suffix);
    const { content, properties } = writeEvent(event);
    expect(readOutcomeEvent(content, properties)).toEqual({ kind: 'outcome', event });
  });
});
