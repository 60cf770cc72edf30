@echo off
rem The commands of Chestlight: chestlight-cli VERB ... A program with windows prints nothing into a console, so it writes a
rem file, which is shown when it is done. Standard input does not reach it: --unlock takes a file here, not "-".
setlocal
set "CHESTLIGHT_OUTPUT=%TEMP%\chestlight-%RANDOM%%RANDOM%.txt"
start "" /wait "%~dp0Chestlight.exe" --cli --output "%CHESTLIGHT_OUTPUT%" %*
set "CHESTLIGHT_CODE=%ERRORLEVEL%"
for /f "tokens=2 delims=:." %%p in ('chcp') do set "CHESTLIGHT_PAGE=%%p"
chcp 65001 >nul
if exist "%CHESTLIGHT_OUTPUT%" type "%CHESTLIGHT_OUTPUT%"
chcp %CHESTLIGHT_PAGE% >nul
del "%CHESTLIGHT_OUTPUT%" 2>nul
exit /b %CHESTLIGHT_CODE%
