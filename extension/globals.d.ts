/** True in the build that tests drive: shadow roots are open, patience with Gmail and the service is shorter, and nothing else differs. */
declare const __TEST__: boolean;
