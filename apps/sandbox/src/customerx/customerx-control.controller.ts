import { Body, Controller, Get, Put } from '@nestjs/common';
import { CustomerX } from './customerx.js';
import { CustomerXSettings } from './customerx-settings.js';

/** How the simulated CustomerX behaves where its public page leaves room, and whom it lets in. */
@Controller('control/customerx/settings')
export class CustomerXControlController {
  constructor(private readonly customerx: CustomerX) {}

  @Get()
  settings(): CustomerXSettings {
    return this.customerx.settings;
  }

  /** What is left out goes back to its default; what the accounts hold stays. */
  @Put()
  setSettings(@Body() settings: CustomerXSettings): CustomerXSettings {
    return (this.customerx.settings = settings);
  }
}
