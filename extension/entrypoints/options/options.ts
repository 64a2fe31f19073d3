// The options page: pair, choose, look, end the pairing.

import { showOptions } from "./show";

void showOptions(document, chrome);
