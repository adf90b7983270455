import { Body, Controller, Get, Put } from '@nestjs/common';
import { Deps } from './deps.js';
import { DepsSettings } from './deps-settings.js';

/** Whom the simulated DEPS lets in, and about whom it answers what. */
@Controller('control/deps/settings')
export class DepsControlController {
  constructor(private readonly deps: Deps) {}

  @Get()
  settings(): DepsSettings {
    return this.deps.settings;
  }

  /** What is left out goes back to its default; what the accounts hold stays. */
  @Put()
  setSettings(@Body() settings: DepsSettings): DepsSettings {
    return (this.deps.settings = settings);
  }
}
